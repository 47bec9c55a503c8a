// sned_lrn_pixel - local response normalisation of one pixel, channel after channel: docs/arithmetic.md, "LRN".
//
// Each step brings the pixel's value of the next channel, or 0 past the last, and gives that of the channel `after_i` before it; begin_i
// goes with the first. Latency 9 from a step to its result; steps need not be in neighbouring cycles.
`default_nettype none

module sned_lrn_pixel #(
  parameter int Most = 15                                 // channels of a window at most
) (
  input  wire logic              clk_i,
  input  wire logic              step_i,
  input  wire logic              begin_i,
  input  wire logic signed [8:0] value_i,
  input  wire logic [3:0]        size_i,                  // 1 to Most; constant while a layer runs, as are the next
  input  wire logic [3:0]        after_i,                 // floor(size / 2)
  input  wire logic [5:0]        shift_i,
  input  wire logic signed [8:0] low_i,
  input  wire logic signed [8:0] high_i,
  input  wire logic              table_write_i,
  input  wire logic [9:0]        table_address_i,
  input  wire logic [15:0]       table_entry_i,
  output      logic [7:0]        result_o
);

  localparam int SumBits = 20;

  // ---- the window: values and squares of the channels before, newest first ----
  logic signed [Most:0][8:0]   values_q;
  logic [Most:0][16:0]         squares_q;
  logic [SumBits-1:0]          sum_q;
  logic                        begin_q, begin_q2, step_q, step_q2;
  logic signed [8:0]           value_q;
  logic signed [17:0]          square_q;
  logic [16:0]                 leaves;

  assign leaves = begin_q2 ? '0 : squares_q[size_i-1'b1];

  always_ff @(posedge clk_i) begin
    step_q   <= step_i;
    begin_q  <= begin_i;
    value_q  <= value_i;
    step_q2  <= step_q;
    begin_q2 <= begin_q;
    square_q <= value_q * value_q;
    if (step_q2) begin
      sum_q     <= (begin_q2 ? '0 : sum_q) + SumBits'(square_q[16:0]) - SumBits'(leaves);
      squares_q <= {begin_q2 ? '0 : squares_q[Most-1:0], square_q[16:0]};
    end
    if (step_q) values_q <= {values_q[Most-1:0], value_q};
  end

  // ---- the table's index: 64 steps an octave ----
  logic [9:0]               index_q;
  logic signed [8:0]        centre_q, centre_q2, centre_q3, centre_q4;
  logic [15:0]              entry;

  function automatic logic [9:0] index_of(logic [SumBits-1:0] sum);
    logic [9:0] index;
    index = sum[9:0];
    for (int e = 6; e < SumBits; e++)
      if (sum[e]) index = 10'(64 * (e - 5)) + 10'((sum >> (e - 6)) & SumBits'(63));
    return index;
  endfunction

  // values_q has its newest number one cycle before sum_q has its square.
  always_ff @(posedge clk_i) begin
    centre_q  <= values_q[after_i];
    centre_q2 <= centre_q;
    centre_q3 <= centre_q2;
    centre_q4 <= centre_q3;
    index_q   <= index_of(sum_q);
  end

  sned_ram #(
    .Width(16),
    .Depth(1024)
  ) i_table (
    .clk_i,
    .write_i        (table_write_i),
    .write_address_i(table_address_i),
    .write_data_i   (table_entry_i),
    .read_address_i (index_q),
    .read_data_o    (entry)
  );

  // ---- the product, rounded, shifted, clamped ----
  logic signed [47:0] product_q, rounded_q, shifted;
  logic [47:0]        half;

  // Products are below 2^24 in size: from a shift of 25 on all become 0 or, with this half, 0 as well.
  assign half    = shift_i <= 6'd30 ? 48'd1 << (shift_i - 6'd1) : 48'd1 << 29;
  assign shifted = rounded_q >>> (shift_i <= 6'd30 ? shift_i : 6'd30);

  always_ff @(posedge clk_i) begin
    product_q <= 48'(centre_q4) * $signed({32'b0, entry});
    rounded_q <= product_q + $signed(half);
    result_o  <= shifted < 48'(low_i) ? low_i[7:0] : shifted > 48'(high_i) ? high_i[7:0] : shifted[7:0];
  end

  logic unused;
  assign unused = &{1'b0, square_q[17]};

endmodule

`default_nettype wire
