// sned_scale - a filter's sum to a byte of clamp(floor(((sum + bias) multiplier + 2^(shift - 1)) / 2^shift)), docs/arithmetic.md: the lower, or of
// wide numbers the upper one.
//
// Latency 7. The compiler proves that sum + bias fits SumWidth bits. With SNED_DSP48E2 the sum, product and rounding are one
// DSP48E2 with its pre-adder; without, plain Verilog of the same function.
`default_nettype none

module sned_scale
  import sned_pkg::*;
(
  input  wire logic                       clk_i,
  input  wire logic signed [SumWidth-1:0] sum_i,
  input  wire logic signed [SumWidth-1:0] bias_i,
  input  wire logic        [15:0]         multiplier_i,
  input  wire logic        [5:0]          shift_i,      // 1 to 62
  input  wire logic                       high_byte_i,  // bits 15 to 8 of the clamped number, not 7 to 0
  input  wire logic signed [16:0]         low_i,        // constant while a layer runs, as is the next
  input  wire logic signed [16:0]         high_i,
  output      logic        [7:0]          value_o
);

  localparam int ProductWidth = 48;

  logic signed [ProductWidth-1:0] product;
  logic        [3:0][5:0]         shift_q;
  logic        [ProductWidth-1:0] half_q;

  // 2^(shift - 1). Products are below 2^42 in size: from a shift of 45 on all become 0, as they do with 2^44.
  always_ff @(posedge clk_i) begin
    shift_q <= {shift_q[2:0], shift_i};
    for (int i = 0; i < 44; i++) half_q[i] <= shift_q[0] == 6'(i + 1);
    half_q[44]                <= shift_q[0] >= 6'd45;
    half_q[ProductWidth-1:45] <= '0;
  end

`ifdef SNED_DSP48E2
  DSP48E2 #(
    .USE_MULT("MULTIPLY"), .AMULTSEL("AD"), .BMULTSEL("B"), .A_INPUT("DIRECT"), .B_INPUT("DIRECT"),
    .AREG(1), .ACASCREG(1), .BREG(2), .BCASCREG(2), .DREG(1), .ADREG(1), .MREG(1), .PREG(1), .CREG(1), .OPMODEREG(1),
    .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .INMODEREG(0)
  ) i_dsp (
    .CLK(clk_i),
    .A({{30 - SumWidth{sum_i[SumWidth-1]}}, sum_i}),
    .B({2'b00, multiplier_i}),
    .C(half_q), .D(bias_i), .P(product),
    .OPMODE(9'b00_011_01_01),  // W = 0, Z = C, X and Y the product
    .ALUMODE(4'b0000), .INMODE(5'b00100), .CARRYIN(1'b0), .CARRYINSEL(3'b000),
    .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b1), .CEB2(1'b1), .CEM(1'b1), .CEP(1'b1), .CECTRL(1'b1),
    .CEC(1'b1), .CED(1'b1), .CEAD(1'b1), .CEALUMODE(1'b0), .CECARRYIN(1'b0), .CEINMODE(1'b0),
    .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTCTRL(1'b0),
    .RSTALUMODE(1'b0), .RSTALLCARRYIN(1'b0), .RSTINMODE(1'b0),
    .ACIN(30'b0), .BCIN(18'b0), .PCIN(48'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
    .ACOUT(), .BCOUT(), .PCOUT(), .CARRYCASCOUT(), .MULTSIGNOUT(), .CARRYOUT(), .XOROUT(),
    .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(), .PATTERNBDETECT()
  );
`else
  logic signed [SumWidth-1:0]     sum_q, bias_q, total_q;
  logic        [1:0][15:0]        multiplier_q;
  logic signed [ProductWidth-1:0] upper_q, lower_q, rounded_q;
  logic        [ProductWidth-1:0] half_q2;

  assign product = rounded_q;

  sned_product #(.NumberWidth(SumWidth), .Width(ProductWidth)) i_product (
    .clk_i, .number_i(total_q), .multiplier_i(multiplier_q[1]), .upper_o(upper_q), .lower_o(lower_q)
  );

  always_ff @(posedge clk_i) begin
    sum_q        <= sum_i;
    bias_q       <= bias_i;
    total_q      <= sum_q + bias_q;
    multiplier_q <= {multiplier_q[0], multiplier_i};
    half_q2      <= half_q;
    rounded_q    <= upper_q + lower_q + $signed(half_q2);
  end
`endif

  // ---- shift and range ----
  logic [3:0] high_byte_q;

  always_ff @(posedge clk_i) high_byte_q <= {high_byte_q[2:0], high_byte_i};

  sned_clamp #(
    .Width(ProductWidth)
  ) i_clamp (
    .clk_i,
    .number_i   (product),
    .shift_i    (shift_q[3]),
    .high_byte_i(high_byte_q[3]),
    .low_i,
    .high_i,
    .value_o
  );

endmodule

`default_nettype wire
