// sned_mac - one DSP: product = packed weights x pixel, and their sum since the last start_i.
//
// Latency 3 from packed_i, pixel_i, start_i, valid_i to sum_o; a cycle without valid_i leaves the sum as it is. With
// SNED_DSP48E2 defined it is one DSP48E2 whose P register adds up; with SNED_MULT18 two products of 8 x 9 bits, for multipliers of
// 18 x 18; else plain Verilog of the same function.
`default_nettype none

module sned_mac
  import sned_pkg::*;
(
  input  wire logic                          clk_i,
  input  wire logic signed [PackedWidth-1:0] packed_i,
  input  wire logic signed [PixelWidth-1:0]  pixel_i,
  input  wire logic                          start_i,
  input  wire logic                          valid_i,
  output      logic        [RoundWidth-1:0]  sum_o
);

  logic start_q, valid_q, valid_q2;

  always_ff @(posedge clk_i) begin
    start_q  <= start_i;
    valid_q  <= valid_i;
    valid_q2 <= valid_q;
  end

`ifdef SNED_DSP48E2
  logic [47:0] sum;
  assign sum_o = sum[RoundWidth-1:0];

  DSP48E2 #(
    .USE_MULT("MULTIPLY"), .AMULTSEL("A"), .BMULTSEL("B"), .A_INPUT("DIRECT"), .B_INPUT("DIRECT"),
    .AREG(1), .ACASCREG(1), .BREG(1), .BCASCREG(1), .MREG(1), .PREG(1), .OPMODEREG(1),
    .CREG(0), .DREG(0), .ADREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .INMODEREG(0)
  ) i_dsp (
    .CLK(clk_i),
    .A({{30 - PackedWidth{packed_i[PackedWidth-1]}}, packed_i}),
    .B({{18 - PixelWidth{pixel_i[PixelWidth-1]}}, pixel_i}),
    .C(48'b0), .D(27'b0), .P(sum),
    .OPMODE({3'b000, ~start_q, 5'b0_01_01}),  // W = 0, Z = P or 0, X and Y the product
    .ALUMODE(4'b0000), .INMODE(5'b00000), .CARRYIN(1'b0), .CARRYINSEL(3'b000),
    .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b0), .CEB2(1'b1), .CEM(1'b1), .CEP(valid_q2), .CECTRL(1'b1),
    .CEC(1'b0), .CED(1'b0), .CEAD(1'b0), .CEALUMODE(1'b0), .CECARRYIN(1'b0), .CEINMODE(1'b0),
    .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTCTRL(1'b0),
    .RSTALUMODE(1'b0), .RSTALLCARRYIN(1'b0), .RSTINMODE(1'b0),
    .ACIN(30'b0), .BCIN(18'b0), .PCIN(48'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
    .ACOUT(), .BCOUT(), .PCOUT(), .CARRYCASCOUT(), .MULTSIGNOUT(), .CARRYOUT(), .XOROUT(),
    .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(), .PATTERNBDETECT()
  );
`elsif SNED_MULT18
  logic signed [7:0]            weight0_q, weight1_q;
  logic signed [PixelWidth-1:0] pixel_q;
  logic signed [PixelWidth+7:0] product0_q, product1_q;
  logic signed [PairShift-1:0]  lower_q, upper_q;
  logic                         start_q2;

  // The weights taken apart again, and the sums put together as one sum of packed products would be.
  assign sum_o = {upper_q - PairShift'({1'b0, lower_q[PairShift-1]}), lower_q};

  always_ff @(posedge clk_i) begin
    weight0_q  <= packed_i[7:0];
    weight1_q  <= packed_i[PackedWidth-1:PairShift] + 8'(packed_i[PairShift-1]);
    pixel_q    <= pixel_i;
    product0_q <= weight0_q * pixel_q;
    product1_q <= weight1_q * pixel_q;
    start_q2   <= start_q;
    if (valid_q2) begin
      lower_q <= (start_q2 ? '0 : lower_q) + PairShift'(product0_q);
      upper_q <= (start_q2 ? '0 : upper_q) + PairShift'(product1_q);
    end
  end
`else
  localparam int ProductWidth = PackedWidth + PixelWidth;

  logic signed [PackedWidth-1:0]  packed_q;
  logic signed [PixelWidth-1:0]   pixel_q;
  logic signed [ProductWidth-1:0] product_q;
  logic signed [RoundWidth-1:0]   product;
  logic        [RoundWidth-1:0]   sum_q;
  logic                           start_q2;

  assign product = RoundWidth'(product_q);
  assign sum_o   = sum_q;

  always_ff @(posedge clk_i) begin
    packed_q  <= packed_i;
    pixel_q   <= pixel_i;
    product_q <= packed_q * pixel_q;
    start_q2  <= start_q;
    if (valid_q2) sum_q <= (start_q2 ? '0 : sum_q) + product;
  end
`endif

endmodule

`default_nettype wire
