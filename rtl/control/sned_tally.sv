// sned_tally - sums of what a unit does for each layer: Counters numbers of Bits bits.
//
// In the cycles of active_i the amounts are added up. When it falls they go to their layer's word of the RAM, which takes 4 cycles: it may rise again
// in the next cycle, but not fall before those. Layers from Layers on are not counted. clear_i begins anew: no layer's word counts until it is
// written. Reads: latency 2 from select_i; other layers' while sums are on their way.
`default_nettype none

module sned_tally #(
  parameter int Counters = 1,
  parameter int Bits = 36,
  parameter int AmountBits = 1,
  parameter int Layers = 128,
  localparam int LayerBits = $clog2(Layers)
) (
  input  wire logic                                clk_i,
  input  wire logic                                rst_ni,
  input  wire logic                                clear_i,
  input  wire logic                                active_i,
  input  wire logic [15:0]                         layer_i,    // as active_i rises
  input  wire logic [Counters-1:0][AmountBits-1:0] amounts_i,
  input  wire logic [LayerBits-1:0]                select_i,
  output      logic [Counters-1:0][Bits-1:0]       sums_o
);

  logic                          active_q, ends;
  logic [15:0]                   layer_q;
  logic [Counters-1:0][Bits-1:0] running_q, ended_q, read_data, next;
  logic [LayerBits-1:0]          place_q, address;
  logic [2:0]                    steps_q;                       // [2]: the layer's old word is there
  logic [Layers-1:0]             used_q;                        // since clear_i
  logic [1:0]                    known_q;                       // [1]: the word that is read counts

  assign ends    = active_q & ~active_i;
  assign address = steps_q[0] ? place_q : select_i;

  sned_ram #(
    .Width(Counters * Bits),
    .Depth(Layers)
  ) i_words (
    .clk_i,
    .write_i        (steps_q[2]),
    .write_address_i(place_q),
    .write_data_i   (next),
    .read_address_i (address),
    .read_data_o    (read_data)
  );

  assign sums_o = known_q[1] ? read_data : '0;

  for (genvar c = 0; c < Counters; c++) begin : gen_counter
    assign next[c] = sums_o[c] + ended_q[c];
  end

  always_ff @(posedge clk_i) begin
    active_q <= active_i;
    known_q  <= {known_q[0], used_q[address]};
    steps_q  <= {steps_q[1:0], ends & (32'(layer_q) < Layers)};
    if (active_i & ~active_q) layer_q <= layer_i;
    for (int c = 0; c < Counters; c++) if (active_i) running_q[c] <= (active_q ? running_q[c] : '0) + Bits'(amounts_i[c]);
    if (ends) begin
      ended_q <= running_q;
      place_q <= layer_q[LayerBits-1:0];
    end
    if (steps_q[2]) used_q[place_q] <= 1'b1;
    if (clear_i) used_q <= '0;
    if (!rst_ni) begin
      active_q <= 1'b0;
      steps_q  <= '0;
      used_q   <= '0;
    end
  end

`ifdef SNED_CHECK
  always_ff @(posedge clk_i) if (rst_ni & ends) assert (~|steps_q) else $error("sums end before those of the unit's work before are written");
`endif

endmodule

`default_nettype wire
