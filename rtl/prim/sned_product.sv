// sned_product - a signed number times 16 bits, as two summands: number x multiplier = upper + lower. Latency 1.
//
// With SNED_MULT18 these are two products for multipliers of 18 x 18 bits, and whoever adds something to the product anyway adds both; else
// the lower is the product, and the upper 0.
`default_nettype none

module sned_product #(
  parameter int NumberWidth = 27,
  parameter int Width = 48                                // of the summands, NumberWidth + 17 or more
) (
  input  wire logic                          clk_i,
  input  wire logic signed [NumberWidth-1:0] number_i,
  input  wire logic        [15:0]            multiplier_i,
  output      logic signed [Width-1:0]       upper_o,
  output      logic signed [Width-1:0]       lower_o
);

`ifdef SNED_MULT18
  localparam int Low = 17;                                // bits of the number: 18 with a sign
  localparam int High = NumberWidth - Low;

  logic signed [High+16:0] upper_q;
  logic signed [Low+17:0]  lower_q;

  always_ff @(posedge clk_i) begin
    upper_q <= (High + 17)'($signed(number_i[NumberWidth-1:Low])) * $signed({{High + 1{1'b0}}, multiplier_i});
    lower_q <= $signed({18'b0, number_i[Low-1:0]}) * $signed({{Low + 2{1'b0}}, multiplier_i});
  end

  assign upper_o = {{Width - High - Low - 17{upper_q[High+16]}}, upper_q, {Low{1'b0}}};
  assign lower_o = Width'(lower_q);
`else
  always_ff @(posedge clk_i) lower_o <= Width'(number_i) * $signed({{Width - 16{1'b0}}, multiplier_i});
  assign upper_o = '0;
`endif

endmodule

`default_nettype wire
