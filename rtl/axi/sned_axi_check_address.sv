// sned_axi_check_address - rules of simulation for AR and AW: stable until taken; beats of 16 bytes at multiples of 16; no burst across 4 KB.
`default_nettype none

module sned_axi_check_address (
  input wire logic        clk_i,
  input wire logic        rst_ni,
  input wire logic        valid_i,
  input wire logic        ready_i,
  input wire logic [63:0] address_i,
  input wire logic [7:0]  length_i
);

  sned_axi_check_stream #(
    .Width(72)
  ) i_stream (
    .clk_i,
    .rst_ni,
    .valid_i,
    .ready_i,
    .data_i({address_i, length_i})
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni & valid_i) begin
      assert (address_i[3:0] == 4'd0) else $error("the address is no multiple of 16");
      assert (9'(address_i[11:4]) + 9'(length_i) < 9'd256) else $error("a burst crosses 4 KB");
    end
  end

endmodule

`default_nettype wire
