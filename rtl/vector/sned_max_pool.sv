// sned_max_pool - the largest element of each window, memory to memory: up to Outputs results in a row, a window row and three
// of its columns a cycle.
//
// Strides of 1 to 3 to the right. Positions outside of the image take no part. Reads have the latency of sned_banks, Memory; a read goes
// where read_ready_i is 1. Results are written at once: the write port must be free 8 cycles after a segment's last read.
`default_nettype none

module sned_max_pool #(
  parameter int Pixels = 98,
  parameter int AddressBits = 20,
  parameter int ColumnBits = 10,
  parameter int ChannelBits = 13,
  parameter int WindowBits = 5,
  localparam int Outputs = (Pixels - 3) / 3 + 1
) (
  input  wire logic                       clk_i,
  input  wire logic                       rst_ni,
  input  wire logic                       start_i,
  output      logic                       busy_o,
  // A layer, as sned_window_walk has it.
  input  wire logic                       signed_i,
  input  wire logic [1:0]                 stride_right_i,
  input  wire logic [ColumnBits-1:0]      width_i,        // columns of the image
  input  wire logic [AddressBits-1:0]     base_i,
  input  wire logic [AddressBits-1:0]     plane_i,
  input  wire logic [ColumnBits-1:0]      pitch_i,
  input  wire logic [ColumnBits-1:0]      height_i,
  input  wire logic [AddressBits-1:0]     row_step_i,
  input  wire logic [WindowBits-1:0]      stride_i,
  input  wire logic [ColumnBits-1:0]      segment_step_i,
  input  wire logic [WindowBits-1:0]      kernel_height_i,
  input  wire logic [WindowBits-1:0]      kernel_width_i,
  input  wire logic [WindowBits-1:0]      pad_top_i,
  input  wire logic [WindowBits-1:0]      pad_left_i,
  input  wire logic [ChannelBits-1:0]     channels_i,
  input  wire logic [ColumnBits-1:0]      out_height_i,
  input  wire logic [ColumnBits-1:0]      out_width_i,
  input  wire logic [ColumnBits-1:0]      out_pitch_i,
  input  wire logic [AddressBits-1:0]     out_base_i,
  input  wire logic [AddressBits-1:0]     out_plane_i,
  // The activations.
  output      logic                       read_o,
  input  wire logic                       read_ready_i,
  output      logic [AddressBits-1:0]     read_address_o,
  input  wire logic [Pixels-1:0][7:0]     read_data_i,
  output      logic                       write_o,
  output      logic [AddressBits-1:0]     write_address_o,
  output      logic [Pixels-1:0]          write_enable_o,
  output      logic [Pixels-1:0][7:0]     write_data_o
);

  localparam int Memory = 5;

  typedef struct packed {
    logic                         valid;
    logic                         row_inside;               // the row
    logic                         begins;
    logic                         ends;
    logic [1:0]                   taps;
    logic signed [ColumnBits+1:0] column;
    logic [AddressBits-1:0]       address;                // of the outputs
    logic [ColumnBits-1:0]        outputs;
  } tag_t;

  tag_t                                tag;
  tag_t [Memory+1:0]                   tag_q;             // [Memory-1]: beside read_data_i
  logic                                walk_busy, in_flight;
  logic signed [Outputs-1:0][2:0][8:0] taken_q;           // a position outside is below all numbers
  logic signed [Outputs-1:0][8:0]      row_q, best_q;
  logic signed [Outputs-1:0][8:0]      row_best, best;

  localparam logic signed [8:0] Nothing = -9'sd256;

  sned_window_walk #(
    .AddressBits(AddressBits),
    .ColumnBits (ColumnBits),
    .ChannelBits(ChannelBits),
    .WindowBits (WindowBits),
    .Outputs    (Outputs)
  ) i_walk (
    .clk_i,
    .rst_ni,
    .start_i,
    .busy_o       (walk_busy),
    .base_i,
    .plane_i,
    .pitch_i,
    .height_i,
    .row_step_i,
    .stride_i,
    .segment_step_i,
    .kernel_height_i,
    .kernel_width_i,
    .pad_top_i,
    .pad_left_i,
    .channels_i,
    .out_height_i,
    .out_width_i,
    .out_pitch_i,
    .out_base_i,
    .out_plane_i,
    .valid_o      (read_o),
    .ready_i      (read_ready_i),
    .address_o    (read_address_o),
    .row_inside_o (tag.row_inside),
    .column_o     (tag.column),
    .taps_o       (tag.taps),
    .begins_o     (tag.begins),
    .ends_o       (tag.ends),
    .out_address_o(tag.address),
    .outputs_o    (tag.outputs)
  );

  assign tag.valid = read_o & read_ready_i;

  function automatic logic signed [8:0] larger(logic signed [8:0] a, logic signed [8:0] b);
    return a > b ? a : b;
  endfunction

  always_comb begin
    for (int i = 0; i < Outputs; i++) begin
      row_best[i] = larger(larger(taken_q[i][0], taken_q[i][1]), taken_q[i][2]);
      best[i]     = tag_q[Memory+1].begins ? row_q[i] : larger(best_q[i], row_q[i]);
    end
    in_flight = 1'b0;
    for (int i = 0; i < Memory + 2; i++) in_flight |= tag_q[i].valid;
  end

  assign busy_o = walk_busy | in_flight | write_o;

  always_ff @(posedge clk_i) begin
    tag_q <= {tag_q[Memory:0], tag};
    // Every stride-th column, and the two after it.
    for (int i = 0; i < Outputs; i++)
      for (int t = 0; t < 3; t++) begin
        automatic int place = stride_right_i == 2'd1 ? i + t : stride_right_i == 2'd2 ? 2 * i + t : 3 * i + t;
        automatic logic signed [ColumnBits+1:0] column = tag_q[Memory-1].column + (ColumnBits + 2)'(place);
        automatic logic inside_it = tag_q[Memory-1].row_inside & (2'(t) < tag_q[Memory-1].taps) & (column >= 0) &
            (column < $signed({2'b0, width_i}));
        taken_q[i][t] <= inside_it ? $signed({signed_i & read_data_i[place][7], read_data_i[place]}) : Nothing;
      end
    row_q <= row_best;
    if (tag_q[Memory+1].valid) best_q <= best;
    write_o         <= tag_q[Memory+1].valid & tag_q[Memory+1].ends;
    write_address_o <= tag_q[Memory+1].address;
    for (int i = 0; i < Pixels; i++) begin
      write_enable_o[i] <= i < Outputs && ColumnBits'(i) < tag_q[Memory+1].outputs;
      write_data_o[i]   <= i < Outputs ? best[i < Outputs ? i : 0][7:0] : '0;
    end
    if (!rst_ni) begin
      tag_q   <= '0;
      write_o <= 1'b0;
    end
  end

endmodule

`default_nettype wire
