// sned_load_walk - where the next word of some lanes' streams goes: so many words for a lane, then as many for the next, each from `place` on.
`default_nettype none

module sned_load_walk
  import sned_pkg::*;
#(
  parameter int WordBits = 12,                                   // of a stream buffer's address
  parameter int Lanes = 8,
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1
) (
  input  wire logic                clk_i,
  input  wire logic                start_i,
  input  wire load_t               load_i,                       // stays from start_i on
  input  wire logic                step_i,                       // a word is written
  output      logic [LaneBits-1:0] lane_o,
  output      logic [WordBits-1:0] address_o
);

  logic [15:0] left_q;                                           // words of this lane
  logic        ends;

  assign ends = left_q == 16'd1;

  always_ff @(posedge clk_i) begin
    if (start_i | (step_i & ends)) begin
      lane_o    <= start_i ? '0 : lane_o + 1'b1;
      address_o <= WordBits'(load_i.place);
      left_q    <= load_i.lane_words;
    end else if (step_i) begin
      address_o <= address_o + 1'b1;
      left_q    <= left_q - 1'b1;
    end
  end

  logic unused;
  assign unused = &{1'b0, load_i};

endmodule

`default_nettype wire
