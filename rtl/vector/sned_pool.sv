// sned_pool - the largest element or the sum of each window: up to Outputs results in a row, a window row and three of its columns
// a cycle: vector_t's VectorMax and VectorAverage.
//
// Strides of 1 to 3 to the right. Positions outside of the image take no part. Reads have the latency of sned_banks, Memory; a read goes where
// read_ready_i is 1. Results of VectorMax are written 8 cycles after a segment's last read; sums leave from the 9th cycle on, Lanes a cycle.
`default_nettype none

module sned_pool
  import sned_pkg::*;
#(
  parameter int Pixels = 98,
  parameter int AddressBits = 20,
  parameter int Lanes = 32,                                // of sned_weigh
  parameter int SumBits = 25,                              // of 255 x 255 bytes, and a sign
  localparam int Outputs = (Pixels - 3) / 3 + 1,
  localparam int OutputBits = $clog2(Outputs + 1),
  localparam int CountBits = $clog2(Lanes + 1)
) (
  input  wire logic                                   clk_i,
  input  wire logic                                   rst_ni,
  input  wire logic                                   start_i,
  input  wire vector_t                                vector_i,
  output      logic                                   busy_o,       // until the last results have left
  output      logic                                   read_o,
  input  wire logic                                   read_ready_i,
  output      logic [AddressBits-1:0]                 read_address_o,
  input  wire logic [Pixels-1:0][7:0]                 read_data_i,
  // VectorMax: results to be written.
  output      logic                                   write_o,
  output      logic [AddressBits-1:0]                 write_address_o,
  output      logic [OutputBits-1:0]                  write_count_o,
  output      logic [Outputs-1:0][7:0]                write_data_o,
  // VectorAverage: to sned_weigh.
  output      logic                                   valid_o,
  output      logic signed [Lanes-1:0][SumBits-1:0]   numbers_o,
  output      logic                                   high_byte_o,
  output      logic [AddressBits-1:0]                 address_o,
  output      logic [CountBits-1:0]                   count_o
);

  localparam int Memory = 5;
  localparam int Latency = Memory + 3;
  localparam int ColumnBits = SizeWidth;
  localparam int EdgeBits = $clog2(Pixels + 1);

  typedef struct packed {
    logic                   valid;
    logic                   begins;
    logic                   ends;
    logic [1:0]             taps;
    logic [AddressBits-1:0] address;                      // of the outputs
    logic [OutputBits-1:0]  count;
  } tag_t;

  logic                                 walk_valid, walk_busy, walk_ends, row_inside, in_flight, average, average_busy, end_ready, may_go, segment;
  logic signed [ColumnBits+1:0]         column;
  logic [ColumnBits-1:0]                outputs;
  tag_t                                 tag;
  tag_t [Latency-1:0]                   tag_q;            // [Memory-1]: beside read_data_i

  assign average = vector_i.operation == VectorAverage;

  sned_window_walk #(
    .AddressBits(AddressBits),
    .Outputs    (Outputs)
  ) i_walk (
    .clk_i,
    .rst_ni,
    .start_i,
    .vector_i,
    .busy_o       (walk_busy),
    .valid_o      (walk_valid),
    .ready_i      (read_ready_i & may_go),
    .address_o    (read_address_o),
    .row_inside_o (row_inside),
    .column_o     (column),
    .taps_o       (tag.taps),
    .begins_o     (tag.begins),
    .ends_o       (walk_ends),
    .out_address_o(tag.address),
    .outputs_o    (outputs)
  );

  assign may_go    = end_ready | ~walk_ends;
  assign read_o    = walk_valid & may_go;
  assign tag.valid = read_o & read_ready_i;
  assign tag.ends  = walk_ends;
  assign tag.count = outputs > ColumnBits'(Outputs) ? OutputBits'(Outputs) : OutputBits'(outputs);

  // ---- which bytes of a read lie inside the image, found while the memory reads ----
  logic signed [ColumnBits+1:0]      right;
  logic signed [2:0][ColumnBits+1:0] column_q;
  logic [2:0]                        row_inside_q;
  logic [EdgeBits-1:0]               from_q, to_q;        // bytes [from, to)
  logic [Pixels-1:0]                 inside_q;

  assign right = $signed({2'b0, vector_i.width}) - $signed(column_q[2]);

  function automatic logic [EdgeBits-1:0] edge_of(logic signed [ColumnBits+1:0] place);
    return place < 0 ? '0 : place > (ColumnBits + 2)'(Pixels) ? EdgeBits'(Pixels) : EdgeBits'(place);
  endfunction

  always_ff @(posedge clk_i) begin
    column_q     <= {column_q[1:0], column};
    row_inside_q <= {row_inside_q[1:0], row_inside};
    from_q       <= edge_of(-$signed(column_q[2]));
    to_q         <= row_inside_q[2] ? edge_of(right) : '0;
    for (int p = 0; p < Pixels; p++) inside_q[p] <= EdgeBits'(p) >= from_q & EdgeBits'(p) < to_q;
  end

  // ---- every stride-th column and the two after it; of these the best or the sum; of all rows ----
  logic signed [Outputs-1:0][2:0][8:0]         taken_q;
  logic signed [Outputs-1:0][10:0]             row_q;
  logic signed [Outputs-1:0][SumBits-1:0]      all_q;
  logic signed [8:0]                           nothing;

  assign nothing = average ? '0 : -9'sd256;               // below all numbers

  function automatic logic signed [8:0] larger(logic signed [8:0] a, logic signed [8:0] b);
    return a > b ? a : b;
  endfunction

  for (genvar i = 0; i < Outputs; i++) begin : gen_output
    logic signed [8:0] a, b, c;

    assign {c, b, a} = taken_q[i];

    always_ff @(posedge clk_i) begin
      for (int t = 0; t < 3; t++) begin
        automatic int place = vector_i.stride_right == 4'd1 ? i + t : vector_i.stride_right == 4'd2 ? 2 * i + t : 3 * i + t;
        taken_q[i][t] <= inside_q[place] & (2'(t) < tag_q[Memory-1].taps) ?
            {vector_i.is_signed & read_data_i[place][7], read_data_i[place]} : nothing;
      end
      row_q[i] <= average ? 11'(a) + 11'(b) + 11'(c) : 11'(larger(larger(a, b), c));
      if (tag_q[Latency-2].valid) begin
        if (tag_q[Latency-2].begins) all_q[i] <= SumBits'($signed(row_q[i]));
        else if (average) all_q[i] <= all_q[i] + SumBits'($signed(row_q[i]));
        else all_q[i] <= SumBits'(larger(all_q[i][8:0], row_q[i][8:0]));
      end
    end
  end

  always_ff @(posedge clk_i) begin
    tag_q <= {tag_q[Latency-2:0], tag};
    if (!rst_ni) tag_q <= '0;
  end

  // ---- results ----
  sned_average #(
    .Outputs    (Outputs),
    .Lanes      (Lanes),
    .SumBits    (SumBits),
    .AddressBits(AddressBits)
  ) i_average (
    .clk_i,
    .rst_ni,
    .vector_i,
    .busy_o     (average_busy),
    .end_ready_o(end_ready),
    .end_i      (read_o & read_ready_i & walk_ends & average),
    .end_count_i(tag.count),
    .valid_i    (segment & average),
    .sums_i     (all_q),
    .address_i  (tag_q[Latency-1].address),
    .count_i    (tag_q[Latency-1].count),
    .valid_o,
    .numbers_o,
    .high_byte_o,
    .address_o,
    .count_o
  );

  always_comb begin
    in_flight = 1'b0;
    for (int i = 0; i < Latency; i++) in_flight |= tag_q[i].valid;
    for (int i = 0; i < Outputs; i++) write_data_o[i] = all_q[i][7:0];
  end

  assign busy_o          = walk_busy | in_flight | average_busy;
  assign segment         = tag_q[Latency-1].valid & tag_q[Latency-1].ends;
  assign write_o         = segment & ~average;
  assign write_address_o = tag_q[Latency-1].address;
  assign write_count_o   = tag_q[Latency-1].count;

  logic unused;
  assign unused = &{1'b0, vector_i, tag_q};

endmodule

`default_nettype wire
