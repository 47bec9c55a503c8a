// sned_fifo - the one FIFO: Depth words (a power of two) in look-up tables, valid and ready on both sides.
//
// Latency 1. valid_o never waits for ready_i; data_o stays while it is stalled.
`default_nettype none

module sned_fifo #(
  parameter int Width = 24,
  parameter int Depth = 16
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             valid_i,
  output      logic             ready_o,
  input  wire logic [Width-1:0] data_i,
  output      logic             valid_o,
  input  wire logic             ready_i,
  output      logic [Width-1:0] data_o
);

  localparam int Bits = $clog2(Depth);

  logic [Bits:0] head_q, tail_q;  // one bit more tells full from empty
  logic          push, pop;

  assign valid_o = head_q != tail_q;
  assign ready_o = head_q != {~tail_q[Bits], tail_q[Bits-1:0]};
  assign push    = valid_i & ready_o;
  assign pop     = valid_o & ready_i;

  sned_lutram #(
    .Width(Width),
    .Depth(Depth)
  ) i_words (
    .clk_i,
    .write_i        (push),
    .write_address_i(head_q[Bits-1:0]),
    .write_data_i   (data_i),
    .read_address_i (tail_q[Bits-1:0]),
    .read_data_o    (data_o)
  );

  always_ff @(posedge clk_i) begin
    if (push) head_q <= head_q + 1'b1;
    if (pop) tail_q <= tail_q + 1'b1;
    if (!rst_ni) begin
      head_q <= '0;
      tail_q <= '0;
    end
  end

endmodule

`default_nettype wire
