// sned_lrn_pixel - local response normalisation of one pixel, channel after channel: the entry of the table that its number is multiplied by,
// docs/arithmetic.md, "LRN".
//
// Each step brings the pixel's value of the next channel, or 0 past the last, and gives that of the channel `after_i` before it with its
// entry; begin_i goes with the first. Latency 6; steps need not be in neighbouring cycles.
`default_nettype none

module sned_lrn_pixel (
  input  wire logic              clk_i,
  input  wire logic              rst_ni,
  input  wire logic              step_i,
  input  wire logic              begin_i,
  input  wire logic              leaves_i,                // the pixel has made size_i steps: the oldest leaves the window
  input  wire logic signed [8:0] value_i,
  input  wire logic [3:0]        size_i,                  // 1 to 15; constant while a layer runs, as is the next
  input  wire logic [3:0]        after_i,                 // floor(size / 2)
  input  wire logic              table_write_i,
  input  wire logic [9:0]        table_address_i,
  input  wire logic [15:0]       table_entry_i,
  output      logic signed [8:0] value_o,
  output      logic [15:0]       entry_o
);

  localparam int SumBits = 20;

  // ---- the window: the sum of its squares. Values and squares of the last 16 steps lie in rings, which nothing clears: leaves_i keeps the pixel
  // before out of the sum ----
  logic [3:0]         place_q, place_q2;                  // where the step's value goes; and a cycle later its square
  logic [SumBits-1:0] sum_q;
  logic               begin_q, begin_q2, step_q, step_q2, leaves_q, leaves_q2;
  logic signed [8:0]  value_q, centre;
  (* use_dsp = "no" *) logic signed [17:0] square_q;        // lanes and collectors need the DSPs
  logic [16:0]        oldest, leaves;

  sned_lutram #(
    .Width(17),
    .Depth(16)
  ) i_squares (
    .clk_i,
    .write_i        (step_q2),
    .write_address_i(place_q2),
    .write_data_i   (square_q[16:0]),
    .read_address_i (place_q2 - size_i),
    .read_data_o    (oldest)
  );

  sned_lutram #(
    .Width(9),
    .Depth(16)
  ) i_values (
    .clk_i,
    .write_i        (step_q),
    .write_address_i(place_q),
    .write_data_i   (value_q),
    .read_address_i (place_q2 - after_i),
    .read_data_o    (centre)
  );

  assign leaves = leaves_q2 ? oldest : '0;

  always_ff @(posedge clk_i) begin
    step_q    <= step_i;
    begin_q   <= begin_i;
    leaves_q  <= leaves_i;
    value_q   <= value_i;
    step_q2   <= step_q;
    begin_q2  <= begin_q;
    leaves_q2 <= leaves_q;
    place_q2  <= place_q;
    square_q  <= value_q * value_q;
    if (step_q) place_q <= place_q + 1'b1;
    if (step_q2) sum_q <= (begin_q2 ? '0 : sum_q) + SumBits'(square_q[16:0]) - SumBits'(leaves);
    if (!rst_ni) place_q <= '0;
  end

  // ---- the table's index: 64 steps an octave ----
  logic [9:0]             index_q;
  logic signed [3:0][8:0] centre_q;

  function automatic logic [9:0] index_of(logic [SumBits-1:0] sum);
    logic [9:0] index;
    index = sum[9:0];
    for (int e = 6; e < SumBits; e++)
      if (sum[e]) index = 10'(64 * (e - 5)) + 10'((sum >> (e - 6)) & SumBits'(63));
    return index;
  endfunction

  // `centre` follows a step one cycle before sum_q does.
  always_ff @(posedge clk_i) begin
    centre_q <= {centre_q[2:0], centre};
    index_q  <= index_of(sum_q);
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
    .read_data_o    (entry_o)
  );

  assign value_o = centre_q[3];

  logic unused;
  assign unused = &{1'b0, square_q[17]};

endmodule

`default_nettype wire
