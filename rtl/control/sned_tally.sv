// sned_tally - sums of what a unit does for each layer: Counters numbers of Bits bits.
//
// In the cycles of active_i the amounts are added up. When it falls they go to their layer's word of the RAM, which takes 4 cycles: it may rise again
// in the next cycle, but not fall before those. Layers from Layers on are not counted. clear_i begins anew: no layer's word counts until it is
// written, which the flags tell, one a layer, cleared word by word in the 16 cycles after clear_i: active_i must not fall for the first time
// before those. Reads: latency 2 from select_i; other layers' while sums are on their way.
`default_nettype none

module sned_tally #(
  parameter int Counters = 1,
  parameter int Bits = 36,
  parameter int AmountBits = 1,
  parameter int Layers = 512,                                   // 32 or more, a power of two
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

  localparam int Words = 16;
  localparam int Flags = Layers / Words;
  localparam int FlagBits = $clog2(Flags);

  logic                          active_q, ends;
  logic [15:0]                   layer_q;
  logic [Counters-1:0][Bits-1:0] running_q, ended_q, read_data, next;
  logic [LayerBits-1:0]          place_q, address;
  logic [2:0]                    steps_q;                       // [2]: the layer's old word is there
  logic [Flags-1:0]              flags, flags_q, written;       // a word of flags: as it is, and with this layer's
  logic [FlagBits-1:0]           flag_q;
  logic                          known_q;                       // the word that is read counts
  logic [4:0]                    clear_q;                       // words of flags that are to be cleared

  assign ends    = active_q & ~active_i;
  assign address = |steps_q ? place_q : select_i;
  assign written = flags | Flags'(1) << place_q[FlagBits-1:0];

  sned_lutram #(
    .Width(Flags),
    .Depth(Words)
  ) i_flags (
    .clk_i,
    .write_i        (steps_q[2] | (clear_q != '0)),
    .write_address_i(steps_q[2] ? place_q[LayerBits-1:FlagBits] : clear_q[3:0] - 1'b1),
    .write_data_i   (steps_q[2] ? written : '0),
    .read_address_i (address[LayerBits-1:FlagBits]),
    .read_data_o    (flags)
  );

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

  assign sums_o = known_q ? read_data : '0;

  for (genvar c = 0; c < Counters; c++) begin : gen_counter
    assign next[c] = sums_o[c] + ended_q[c];
  end

  always_ff @(posedge clk_i) begin
    active_q <= active_i;
    flags_q  <= flags;
    flag_q   <= address[FlagBits-1:0];
    known_q  <= flags_q[flag_q];
    clear_q  <= clear_i | ~rst_ni ? 5'(Words) : clear_q - 5'(clear_q != '0);
    steps_q  <= {steps_q[1:0], ends & (32'(layer_q) < Layers)};
    if (active_i & ~active_q) layer_q <= layer_i;
    for (int c = 0; c < Counters; c++) if (active_i) running_q[c] <= (active_q ? running_q[c] : '0) + Bits'(amounts_i[c]);
    if (ends) begin
      ended_q <= running_q;
      place_q <= layer_q[LayerBits-1:0];
    end
    if (!rst_ni) begin
      active_q <= 1'b0;
      steps_q  <= '0;
    end
  end

`ifdef SNED_CHECK
  always_ff @(posedge clk_i) if (rst_ni & ends) assert (~|steps_q) else $error("sums end before those of the unit's work before are written");
  always_ff @(posedge clk_i) if (rst_ni & steps_q[2]) assert (clear_q == '0) else $error("sums end before the flags are cleared");
`endif

endmodule

`default_nettype wire
