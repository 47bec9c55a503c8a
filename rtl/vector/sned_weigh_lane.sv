// sned_weigh_lane - a lane of sned_weigh: a multiplication, the sum of up to 4 products, and its byte.
//
// valid_i and begin_i come 2 cycles after their number; latency 6 from a sum's last number to value_o.
`default_nettype none

module sned_weigh_lane #(
  parameter int NumberWidth = 25,
  parameter bit Fabric = 0                                 // of look-up tables, not a DSP
) (
  input  wire logic                          clk_i,
  input  wire logic signed [NumberWidth-1:0] number_i,
  input  wire logic        [15:0]            multiplier_i,
  input  wire logic                          valid_i,
  input  wire logic                          begin_i,
  input  wire logic        [5:0]             shift_i,      // 1 to 62; constant while sums are under way, as are the last two
  input  wire logic                          high_byte_i,  // 3 cycles after the number
  input  wire logic signed [16:0]            low_i,
  input  wire logic signed [16:0]            high_i,
  output      logic        [7:0]             value_o
);

  localparam int SumBits = NumberWidth + 19;               // of up to 4 products, and their rounding

  logic signed [NumberWidth-1:0] number_q;
  logic        [15:0]            multiplier_q;
  logic signed [SumBits-1:0]     upper, lower, sum_q;      // the product's two summands
  logic        [SumBits-1:0]     half_q;

  if (Fabric) begin : gen_fabric
    (* use_dsp = "no" *) logic signed [NumberWidth+16:0] product_q;

    always_ff @(posedge clk_i) product_q <= (NumberWidth + 17)'(number_q) * $signed({{NumberWidth + 1{1'b0}}, multiplier_q});
    assign upper = '0;
    assign lower = SumBits'(product_q);
  end else begin : gen_dsp
    sned_product #(.NumberWidth(NumberWidth), .Width(SumBits)) i_product (
      .clk_i, .number_i(number_q), .multiplier_i(multiplier_q), .upper_o(upper), .lower_o(lower)
    );
  end

  always_ff @(posedge clk_i) begin
    number_q     <= number_i;
    multiplier_q <= multiplier_i;
    // Sums are below 2^(SumBits - 2) in size: from a shift of SumBits - 1 on all become 0, as they do with the largest half there is.
    for (int i = 0; i < SumBits - 2; i++) half_q[i] <= shift_i == 6'(i + 1);
    half_q[SumBits-1:SumBits-2] <= {1'b0, shift_i >= 6'(SumBits - 1)};
    if (valid_i) sum_q <= (begin_i ? $signed(half_q) : sum_q) + upper + lower;
  end

  sned_clamp #(
    .Width(SumBits)
  ) i_clamp (
    .clk_i,
    .number_i(sum_q),
    .shift_i,
    .high_byte_i,
    .low_i,
    .high_i,
    .value_o
  );

endmodule

`default_nettype wire
