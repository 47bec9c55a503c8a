// sned_window_walk - the reads that a pool makes: for each channel, output row and segment of outputs, each row of the window,
// and of it three columns at a time.
//
// A read is Pixels bytes from `address_o`. row_inside_o is 0 where the window's row lies above or below the image; column_o is the image's
// column of the first byte, taps_o how many of the three columns are the window's. A read goes where ready_i is 1.
`default_nettype none

module sned_window_walk #(
  parameter int AddressBits = 20,
  parameter int ColumnBits = 10,
  parameter int ChannelBits = 13,
  parameter int WindowBits = 5,
  parameter int Outputs = 32                              // of a segment
) (
  input  wire logic                          clk_i,
  input  wire logic                          rst_ni,
  input  wire logic                          start_i,
  output      logic                          busy_o,
  // A layer; the numbers stay while busy_o.
  input  wire logic [AddressBits-1:0]        base_i,
  input  wire logic [AddressBits-1:0]        plane_i,     // bytes of an input channel
  input  wire logic [ColumnBits-1:0]         pitch_i,
  input  wire logic [ColumnBits-1:0]         height_i,
  input  wire logic [AddressBits-1:0]        row_step_i,  // stride down x pitch
  input  wire logic [WindowBits-1:0]         stride_i,    // down
  input  wire logic [ColumnBits-1:0]         segment_step_i,  // Outputs x stride right
  input  wire logic [WindowBits-1:0]         kernel_height_i,
  input  wire logic [WindowBits-1:0]         kernel_width_i,
  input  wire logic [WindowBits-1:0]         pad_top_i,
  input  wire logic [WindowBits-1:0]         pad_left_i,
  input  wire logic [ChannelBits-1:0]        channels_i,
  input  wire logic [ColumnBits-1:0]         out_height_i,
  input  wire logic [ColumnBits-1:0]         out_width_i,
  input  wire logic [ColumnBits-1:0]         out_pitch_i,
  input  wire logic [AddressBits-1:0]        out_base_i,
  input  wire logic [AddressBits-1:0]        out_plane_i,
  // The read.
  output      logic                          valid_o,
  input  wire logic                          ready_i,
  output      logic [AddressBits-1:0]        address_o,
  output      logic                          row_inside_o,
  output      logic signed [ColumnBits+1:0]  column_o,
  output      logic [1:0]                    taps_o,
  output      logic                          begins_o,    // the first of a segment
  output      logic                          ends_o,      // the last
  output      logic [AddressBits-1:0]        out_address_o,
  output      logic [ColumnBits-1:0]         outputs_o    // of the row, from the segment's first on
);

  logic [ChannelBits-1:0]         channel_q;
  logic [ColumnBits-1:0]          y_q, x_q;               // output row; the segment's first output
  logic [WindowBits-1:0]          r_q, t_q;
  logic signed [ColumnBits+1:0]   row_q, column_q;        // in the image, of the window's first row and column
  logic [AddressBits-1:0]         in_channel_q, in_row_q, in_line_q, out_channel_q, out_row_q;
  logic                           last_t, last_r, last_x, last_y, last_c, go;
  logic signed [ColumnBits+1:0]   row;

  assign last_t = t_q + WindowBits'(3) >= kernel_width_i;
  assign last_r = r_q == kernel_height_i - 1'b1;
  assign last_x = x_q + ColumnBits'(Outputs) >= out_width_i;
  assign last_y = y_q == out_height_i - 1'b1;
  assign last_c = channel_q == channels_i - 1'b1;
  assign go     = busy_o & ready_i;

  assign row           = row_q + $signed((ColumnBits + 2)'(r_q));
  assign valid_o       = busy_o;
  assign row_inside_o  = row >= 0 && row < $signed({2'b0, height_i});
  assign column_o      = column_q + $signed((ColumnBits + 2)'(t_q));
  assign address_o     = in_line_q + AddressBits'(column_o);
  assign taps_o        = kernel_width_i - t_q >= WindowBits'(3) ? 2'd3 : 2'(kernel_width_i - t_q);
  assign begins_o      = (t_q == '0) & (r_q == '0);
  assign ends_o        = last_t & last_r;
  assign out_address_o = out_row_q + AddressBits'(x_q);
  assign outputs_o     = out_width_i - x_q;

  // Where the first window row of output row 0 lies.
  logic [AddressBits-1:0] top;
  assign top = AddressBits'(pad_top_i) * AddressBits'(pitch_i);

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      busy_o        <= 1'b1;
      channel_q     <= '0;
      y_q           <= '0;
      x_q           <= '0;
      r_q           <= '0;
      t_q           <= '0;
      row_q         <= -$signed((ColumnBits + 2)'(pad_top_i));
      column_q      <= -$signed((ColumnBits + 2)'(pad_left_i));
      in_channel_q  <= base_i - top;
      in_row_q      <= base_i - top;
      in_line_q     <= base_i - top;
      out_channel_q <= out_base_i;
      out_row_q     <= out_base_i;
    end else if (go) begin
      t_q <= last_t ? '0 : t_q + WindowBits'(3);
      if (last_t) begin
        r_q       <= last_r ? '0 : r_q + 1'b1;
        in_line_q <= last_r ? in_row_q : in_line_q + AddressBits'(pitch_i);
      end
      if (ends_o) begin
        x_q      <= last_x ? '0 : x_q + ColumnBits'(Outputs);
        column_q <= last_x ? -$signed((ColumnBits + 2)'(pad_left_i)) : column_q + $signed({2'b0, segment_step_i});
      end
      if (ends_o & last_x) begin
        y_q       <= last_y ? '0 : y_q + 1'b1;
        row_q     <= last_y ? -$signed((ColumnBits + 2)'(pad_top_i)) : row_q + $signed((ColumnBits + 2)'(stride_i));
        in_row_q  <= last_y ? in_channel_q + plane_i : in_row_q + row_step_i;
        in_line_q <= last_y ? in_channel_q + plane_i : in_row_q + row_step_i;
        out_row_q <= last_y ? out_channel_q + out_plane_i : out_row_q + AddressBits'(out_pitch_i);
      end
      if (ends_o & last_x & last_y) begin
        channel_q     <= channel_q + 1'b1;
        in_channel_q  <= in_channel_q + plane_i;
        out_channel_q <= out_channel_q + out_plane_i;
        busy_o        <= ~last_c;
      end
    end
    if (!rst_ni) busy_o <= 1'b0;
  end

endmodule

`default_nettype wire
