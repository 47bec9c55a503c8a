// sned_reset - a reset by register, and what an error does to memory: bursts on their way come to their end, so that no rule of AXI is broken.
//
// From reset_i on units and control are in reset (core_rst_no), and the AXI masters halted (halt_o): they ask for nothing more, take what they have
// asked for, and give what a burst still lacks as beats without strobes. When all are still (still_i) they are reset as well (axi_rst_no), then
// everything is released; until then busy_o. A memory that never answers keeps it busy: software sees that, and only rst_ni helps. An error
// halts the masters too, and leaves the rest as it is.
`default_nettype none

module sned_reset (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic reset_i,
  input  wire logic error_i,
  input  wire logic still_i,      // 1 for good, some cycles after halt_o
  output      logic core_rst_no,
  output      logic axi_rst_no,
  output      logic halt_o,
  output      logic busy_o
);

  typedef enum logic [1:0] {Run, Halt, Clear, Leave} state_t;

  state_t     state_q;
  logic [2:0] count_q;            // cycles, so that what units have in flight is gone
  logic       core_rst_q, axi_rst_q;

  assign busy_o      = state_q != Run;
  assign core_rst_no = ~core_rst_q;  // what resets flip-flops: the register itself, to thousands of them
  assign axi_rst_no  = ~axi_rst_q;

  always_ff @(posedge clk_i) begin
    core_rst_q <= (state_q != Run) | reset_i;
    axi_rst_q  <= state_q == Clear;
    halt_o     <= (state_q != Run) | reset_i | error_i;
    count_q    <= count_q + 1'b1;
    unique case (state_q)
      Run: begin
        count_q <= '0;
        if (reset_i) state_q <= Halt;
      end
      Halt:
      if (~&count_q) begin
        state_q <= Halt;
      end else if (still_i) begin
        state_q <= Clear;
      end else begin
        count_q <= count_q;
      end
      Clear: if (&count_q) state_q <= Leave;
      default: state_q <= Run;
    endcase
    if (!rst_ni) begin
      state_q    <= Clear;
      count_q    <= '0;
      core_rst_q <= 1'b1;
      axi_rst_q  <= 1'b1;
    end
  end

endmodule

`default_nettype wire
