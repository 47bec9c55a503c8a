// sned_write_queue - writes that cannot be refused wait here until the memory takes them.
//
// hold_o asks their maker to begin nothing more: Depth - Behind writes wait, and up to Behind more may still come. Latency 1.
`default_nettype none

module sned_write_queue #(
  parameter int Bytes = 33,
  parameter int AddressBits = 21,
  parameter int Depth = 32,                                // a power of two
  parameter int Behind = 25
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  output      logic                   hold_o,
  input  wire logic                   write_i,
  input  wire logic [AddressBits-1:0] address_i,
  input  wire logic [Bytes-1:0]       enable_i,
  input  wire logic [Bytes-1:0][7:0]  data_i,
  output      logic                   write_o,             // one waits
  input  wire logic                   write_ready_i,
  output      logic [AddressBits-1:0] address_o,
  output      logic [Bytes-1:0]       enable_o,
  output      logic [Bytes-1:0][7:0]  data_o
);

  localparam int CountBits = $clog2(Depth + 1);

  logic                 ready;                             // always 1 where Behind holds
  logic                 taken;
  logic [CountBits-1:0] count_q;

  sned_fifo #(.Width(AddressBits + 9 * Bytes), .Depth(Depth)) i_writes (
    .clk_i, .rst_ni, .valid_i(write_i), .ready_o(ready), .data_i({address_i, enable_i, data_i}), .valid_o(write_o),
    .ready_i(write_ready_i), .data_o({address_o, enable_o, data_o}));

  assign hold_o = count_q >= CountBits'(Depth - Behind);
  assign taken  = write_o & write_ready_i;

  always_ff @(posedge clk_i) begin
    count_q <= count_q + CountBits'(write_i) - CountBits'(taken);
    if (!rst_ni) count_q <= '0;
  end

`ifdef SNED_CHECK
  always_ff @(posedge clk_i) if (rst_ni & write_i) assert (ready) else $error("a write without room");
`else
  logic unused;
  assign unused = ready;
`endif

endmodule

`default_nettype wire
