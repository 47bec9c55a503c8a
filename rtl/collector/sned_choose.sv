// sned_choose - round robin: the next of `wants_i` after the one that was chosen last. Combinational but for that memory.
`default_nettype none

module sned_choose #(
  parameter int Count = 8,
  localparam int Bits = Count > 1 ? $clog2(Count) : 1
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic [Count-1:0] wants_i,
  input  wire logic             take_i,   // the choice is used
  output      logic             valid_o,
  output      logic [Bits-1:0]  index_o
);

  logic [Count-1:0] after_q;              // those behind the last choice
  logic [Count-1:0] preferred;

  assign preferred = wants_i & after_q;
  assign valid_o   = |wants_i;

  always_comb begin
    index_o = '0;
    for (int i = Count - 1; i >= 0; i--) if (wants_i[i]) index_o = Bits'(i);
    if (|preferred) for (int i = Count - 1; i >= 0; i--) if (preferred[i]) index_o = Bits'(i);
  end

  always_ff @(posedge clk_i) begin
    if (take_i) for (int i = 0; i < Count; i++) after_q[i] <= Bits'(i) > index_o;
    if (!rst_ni) after_q <= '0;
  end

endmodule

`default_nettype wire
