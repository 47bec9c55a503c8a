// sned_axi_check_stream - a rule of simulation: what is valid stays, and stays the same, until it is taken. With SNED_CHECK defined the AXI
// modules have one on each channel.
`default_nettype none

module sned_axi_check_stream #(
  parameter int Width = 128
) (
  input wire logic             clk_i,
  input wire logic             rst_ni,
  input wire logic             valid_i,
  input wire logic             ready_i,
  input wire logic [Width-1:0] data_i
);

  logic             stalled_q;
  logic [Width-1:0] data_q;

  always_ff @(posedge clk_i) begin
    stalled_q <= rst_ni & valid_i & ~ready_i;
    data_q    <= data_i;
    if (rst_ni & stalled_q) begin
      assert (valid_i) else $error("valid fell before ready");
      assert (data_i == data_q) else $error("the payload changed while it was stalled");
    end
  end

endmodule

`default_nettype wire
