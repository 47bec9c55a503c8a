// sned_fifo - the one FIFO: Depth words (a power of two) in look-up tables, valid and ready on both sides.
//
// Latency 1. valid_o never waits for ready_i; data_o stays while it is stalled. Both flags are registers: what waits for them is long enough.
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

  logic [Bits:0] head_q, tail_q, head, tail;  // one bit more tells full from empty
  logic          push, pop;

  assign push = valid_i & ready_o;
  assign pop  = valid_o & ready_i;
  assign head = head_q + 1'b1;
  assign tail = tail_q + 1'b1;

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
    if (push) head_q <= head;
    if (pop) tail_q <= tail;
    if (push & ~pop) begin
      valid_o <= 1'b1;
      ready_o <= head != {~tail_q[Bits], tail_q[Bits-1:0]};
    end
    if (pop & ~push) begin
      valid_o <= tail != head_q;
      ready_o <= 1'b1;
    end
    if (!rst_ni) begin
      head_q  <= '0;
      tail_q  <= '0;
      valid_o <= 1'b0;
      ready_o <= 1'b1;
    end
  end

endmodule

`default_nettype wire
