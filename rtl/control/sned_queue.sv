// sned_queue - a unit's descriptors, one after the other: each begins when its tokens are there, and gives its own when the unit is done.
//
// What a descriptor waits for is read from the FIFO, then compared with the tokens, which nobody else takes, then it begins: a cycle each.
// start_o comes with descriptor_o, which stays until the next; unit_busy_i is 1 from the cycle after. Settle cycles after its end the tokens
// are given: the last writes are in memory then.
`default_nettype none

module sned_queue
  import sned_pkg::*;
#(
  parameter int Depth = 8,
  parameter int Settle = 5
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             hold_i,        // nothing more begins
  input  wire logic             valid_i,
  output      logic             ready_o,
  input  wire descriptor_t      descriptor_i,
  input  wire logic [Units-1:0] available_i,
  output      logic [Units-1:0] take_o,
  output      logic [Units-1:0] post_o,
  output      logic             start_o,
  output      descriptor_t      descriptor_o,
  input  wire logic             unit_busy_i,
  output      logic             busy_o,        // between start and the tokens' end
  output      logic             idle_o         // nothing is queued either
);

  typedef enum logic [1:0] {Wait, Start, Run, Rest} state_t;

  localparam int SettleBits = $clog2(Settle + 1);

  state_t                      state_q;
  logic [SettleBits-1:0]       settle_q;
  logic                        valid, known_q, may_q, begins, ends;  // known_q: wait_q is the FIFO's head's; may_q: its tokens are there
  logic [Units-1:0]            wait_q;
  logic [DescriptorWidth-1:0]  data;
  descriptor_t                 head;

  sned_fifo #(
    .Width(DescriptorWidth),
    .Depth(Depth)
  ) i_fifo (
    .clk_i,
    .rst_ni,
    .valid_i,
    .ready_o,
    .data_i (descriptor_i),
    .valid_o(valid),
    .ready_i(begins),
    .data_o (data)
  );

  assign head    = descriptor_t'(data);
  assign begins  = may_q & ~hold_i;
  assign ends    = (state_q == Rest) & (settle_q == '0);
  assign take_o  = begins ? wait_q : '0;
  assign post_o  = ends ? descriptor_o.post[Units-1:0] : '0;
  assign start_o = state_q == Start;
  assign busy_o  = state_q != Wait;
  assign idle_o  = ~valid & ~busy_o;

  always_ff @(posedge clk_i) begin
    known_q <= (state_q == Wait) & valid & ~begins;
    wait_q  <= head.wait_for[Units-1:0];
    may_q   <= known_q & ~may_q & ((wait_q & ~available_i) == '0);
    unique case (state_q)
      Wait:
      if (begins) begin
        descriptor_o <= head;
        state_q      <= Start;
      end
      Start: state_q <= Run;
      Run:
      if (~unit_busy_i) begin
        settle_q <= SettleBits'(Settle);
        state_q  <= Rest;
      end
      default: begin
        settle_q <= settle_q - 1'b1;
        if (ends) state_q <= Wait;
      end
    endcase
    if (!rst_ni) begin
      state_q <= Wait;
      known_q <= 1'b0;
      may_q   <= 1'b0;
    end
  end

endmodule

`default_nettype wire
