// sned_counters - what each unit did for each layer since the start: src/accel/program/registers.h has the counters' numbers.
//
// Cycles are those between a descriptor's start and its tokens. A lane's are told apart by lane_status_t; what is missing to Lanes x cycles is
// imbalance: nothing was left for a lane to do while others worked, or the last rows went to memory. Words are 16 bytes, of loads and
// of FC weights. Sums have 36 bits: 21 seconds of 16 lanes at 200 MHz. select_i: layer in the lower 16 bits, counter in the next 8; the uppermost
// bit chooses the sum's upper bits. Latency 3.
`default_nettype none

module sned_counters
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int FcReads = 4,
  parameter int Layers = 512,
  localparam int LanesBits = $clog2(Lanes + 1)
) (
  input  wire logic                                 clk_i,
  input  wire logic                                 rst_ni,
  input  wire logic                                 start_i,
  input  wire logic [Units-1:0]                     active_i,
  input  wire logic [Units-1:0][15:0]               layer_i,
  input  wire logic [LaneCounts-1:0][LanesBits-1:0] lanes_i,    // of 2 cycles ago
  input  wire logic [1:0]                           load_i,     // a word comes, by each of its ports
  input  wire logic [FcReads-1:0]                   fc_i,
  input  wire logic [31:0]                          select_i,
  output      logic [31:0]                          value_o
);

  localparam int Bits = 36;
  localparam int LayerBits = $clog2(Layers);
  localparam int FcBits = $clog2(FcReads + 1);
  localparam int Counters = LaneCounts + 5;

  logic [1:0][Units-1:0]         active_q;                      // as old as lanes_i
  logic [1:0][1:0]               load_q;                        // words
  logic [1:0][FcBits-1:0]        fc_q;
  logic [Counters-1:0][Bits-1:0] sums;
  logic [63:0]                   sum;
  logic [31:0]                   value;
  logic [LayerBits-1:0]          layer;

  always_ff @(posedge clk_i) begin
    automatic logic [FcBits-1:0] words = '0;
    for (int p = 0; p < FcReads; p++) words = words + FcBits'(fc_i[p]);
    active_q <= {active_q[0], active_i};
    load_q   <= {load_q[0], {1'b0, load_i[0]} + {1'b0, load_i[1]}};
    fc_q     <= {fc_q[0], words};
    if (!rst_ni) active_q <= '0;
  end

  assign layer = select_i[LayerBits-1:0];

  // A descriptor stays for longer than the 2 cycles.
  sned_tally #(.Counters(1 + LaneCounts), .Bits(Bits), .AmountBits(LanesBits), .Layers(Layers)) i_conv (.clk_i, .rst_ni, .clear_i(start_i),
    .active_i(active_q[1][UnitConv]), .layer_i(layer_i[UnitConv]), .amounts_i({lanes_i, LanesBits'(1)}), .select_i(layer),
    .sums_o({sums[3+:LaneCounts], sums[0]}));
  sned_tally #(.Bits(Bits), .Layers(Layers)) i_vector (.clk_i, .rst_ni, .clear_i(start_i), .active_i(active_q[1][UnitVector]),
    .layer_i(layer_i[UnitVector]), .amounts_i(1'b1), .select_i(layer), .sums_o(sums[1]));
  sned_tally #(.Counters(2), .Bits(Bits), .AmountBits(FcBits), .Layers(Layers)) i_fc (.clk_i, .rst_ni, .clear_i(start_i),
    .active_i(active_q[1][UnitFc]), .layer_i(layer_i[UnitFc]), .amounts_i({fc_q[1], FcBits'(1)}), .select_i(layer),
    .sums_o({sums[4+LaneCounts], sums[2]}));
  sned_tally #(.Bits(Bits), .AmountBits(2), .Layers(Layers)) i_load (.clk_i, .rst_ni, .clear_i(start_i), .active_i(active_q[1][UnitLoad]),
    .layer_i(layer_i[UnitLoad]), .amounts_i(load_q[1]), .select_i(layer), .sums_o(sums[3+LaneCounts]));

  always_comb begin
    sum = '0;
    for (int c = 0; c < Counters; c++) if (select_i[23:16] == 8'(c)) sum = 64'(sums[c]);
    value = select_i[31] ? sum[63:32] : sum[31:0];
    if (32'(select_i[15:0]) >= Layers) value = '0;
  end

  always_ff @(posedge clk_i) value_o <= value;

  logic unused;
  assign unused = &{1'b0, select_i[30:24], active_q[1][UnitStore], layer_i[UnitStore]};

endmodule

`default_nettype wire
