// sned_window_walk - the reads that a pool makes: for each channel, output row and segment of outputs, each row of the window,
// and of it three columns at a time.
//
// A read is Pixels bytes from `address_o`, 4 cycles after start_i the first. row_inside_o is 0 where the window's row lies above or below the
// image; column_o is the image's column of the first byte, taps_o how many of the three columns are the window's. A read goes where ready_i is 1.
`default_nettype none

module sned_window_walk
  import sned_pkg::*;
#(
  parameter int AddressBits = 20,
  parameter int Outputs = 32,                             // of a segment
  localparam int ColumnBits = SizeWidth
) (
  input  wire logic                          clk_i,
  input  wire logic                          rst_ni,
  input  wire logic                          start_i,
  input  wire vector_t                       vector_i,    // stays while busy_o
  output      logic                          busy_o,
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

  typedef logic signed [ColumnBits+1:0] place_t;          // a row or column, outside the image as well
  typedef logic [AddressBits-1:0]       address_t;

  logic [15:0]           channel_q;
  logic [ColumnBits-1:0] y_q, x_q;                        // output row; the segment's first output
  logic [7:0]            r_q, t_q;
  place_t                row_q, column_q;                 // in the image, of the window's first row and column
  address_t              in_channel_q, in_row_q, in_line_q, out_channel_q, out_row_q;
  address_t              top_q;                           // from the window's first row to the image's, for output row 0
  place_t                first_row_q, first_column_q;
  // Whether each is at its last; compared when it moves, so that what waits for all of them waits for registers. `last_t_only` and the like:
  // the first is the last. The bounds are of the one before the last. Constant from start_q on.
  logic                       last_t_q, last_r_q, last_x_q, last_y_q, last_c_q;
  logic                       last_t_only, last_r_only, last_x_only, last_y_only, last_c_only;
  logic signed [8:0]          before_t;
  logic signed [ColumnBits:0] before_x;
  logic [7:0]                 before_r;
  logic [ColumnBits-1:0]      before_y;
  logic [15:0]                before_c;
  logic                       start_q, running_q, go, ends;

  assign ends = last_t_q & last_r_q;

  // ---- where the walk is ----
  always_ff @(posedge clk_i) begin
    before_t       <= $signed({1'b0, vector_i.kernel_width}) - 9'sd6;
    before_r       <= vector_i.kernel_height - 8'd2;
    before_x       <= $signed({1'b0, vector_i.out_width}) - $signed((ColumnBits + 1)'(2 * Outputs));
    before_y       <= vector_i.out_height - ColumnBits'(2);
    before_c       <= vector_i.channels - 16'd2;
    last_t_only    <= vector_i.kernel_width <= 8'd3;
    last_r_only    <= vector_i.kernel_height == 8'd1;
    last_x_only    <= vector_i.out_width <= ColumnBits'(Outputs);
    last_y_only    <= vector_i.out_height == ColumnBits'(1);
    last_c_only    <= vector_i.channels == 16'd1;
    start_q        <= start_i;
    top_q          <= address_t'(vector_i.pad_top) * address_t'(vector_i.pitch);
    first_row_q    <= -place_t'(vector_i.pad_top);
    first_column_q <= -place_t'(vector_i.pad_left);
    if (start_q) begin
      running_q     <= 1'b1;
      channel_q     <= '0;
      y_q           <= '0;
      x_q           <= '0;
      r_q           <= '0;
      t_q           <= '0;
      last_t_q      <= last_t_only;
      last_r_q      <= last_r_only;
      last_x_q      <= last_x_only;
      last_y_q      <= last_y_only;
      last_c_q      <= last_c_only;
      row_q         <= first_row_q;
      column_q      <= first_column_q;
      in_channel_q  <= address_t'(vector_i.base) - top_q;
      in_row_q      <= address_t'(vector_i.base) - top_q;
      in_line_q     <= address_t'(vector_i.base) - top_q;
      out_channel_q <= address_t'(vector_i.out_base);
      out_row_q     <= address_t'(vector_i.out_base);
    end else if (running_q & go) begin
      t_q      <= last_t_q ? '0 : t_q + 8'd3;
      last_t_q <= last_t_q ? last_t_only : $signed({1'b0, t_q}) >= before_t;
      if (last_t_q) begin
        r_q       <= last_r_q ? '0 : r_q + 1'b1;
        last_r_q  <= last_r_q ? last_r_only : r_q == before_r;
        in_line_q <= last_r_q ? in_row_q : in_line_q + address_t'(vector_i.pitch);
      end
      if (ends) begin
        x_q      <= last_x_q ? '0 : x_q + ColumnBits'(Outputs);
        last_x_q <= last_x_q ? last_x_only : $signed({1'b0, x_q}) >= before_x;
        column_q <= last_x_q ? first_column_q : column_q + place_t'(vector_i.segment_step);
      end
      if (ends & last_x_q) begin
        y_q       <= last_y_q ? '0 : y_q + 1'b1;
        last_y_q  <= last_y_q ? last_y_only : y_q == before_y;
        row_q     <= last_y_q ? first_row_q : row_q + place_t'(vector_i.stride_down);
        in_row_q  <= last_y_q ? in_channel_q + address_t'(vector_i.plane) : in_row_q + address_t'(vector_i.row_step);
        in_line_q <= last_y_q ? in_channel_q + address_t'(vector_i.plane) : in_row_q + address_t'(vector_i.row_step);
        out_row_q <= last_y_q ? out_channel_q + address_t'(vector_i.out_plane) : out_row_q + address_t'(vector_i.out_pitch);
      end
      if (ends & last_x_q & last_y_q) begin
        channel_q     <= channel_q + 1'b1;
        last_c_q      <= channel_q == before_c;
        in_channel_q  <= in_channel_q + address_t'(vector_i.plane);
        out_channel_q <= out_channel_q + address_t'(vector_i.out_plane);
        running_q     <= ~last_c_q;
      end
    end
    if (!rst_ni) begin
      start_q   <= 1'b0;
      running_q <= 1'b0;
    end
  end

  // ---- what it reads there: sums, then what follows from them ----
  typedef struct packed {
    logic                  valid;
    logic [1:0]            taps;
    logic                  begins;
    logic                  ends;
    address_t              out_address;
    logic [ColumnBits-1:0] outputs;
  } read_t;

  read_t    here_q, read;
  logic     next;                                         // what is read there is handed on
  place_t   here_row_q, here_column_q;
  address_t here_line_q;

  always_ff @(posedge clk_i) begin
    if (go) begin
      here_q <= '{
          valid: running_q,
          taps: last_t_q ? 2'(vector_i.kernel_width - t_q) : 2'd3,
          begins: (t_q == '0) & (r_q == '0),
          ends: ends,
          out_address: out_row_q + address_t'(x_q),
          outputs: vector_i.out_width - x_q
      };
      here_row_q    <= row_q + place_t'(r_q);
      here_column_q <= column_q + place_t'(t_q);
      here_line_q   <= in_line_q;
    end
    if (!rst_ni) here_q <= '0;
  end

  sned_skid #(
    .Width($bits(read_t) + 1 + $bits(place_t) + AddressBits)
  ) i_read (
    .clk_i,
    .rst_ni,
    .valid_i(here_q.valid),
    .ready_o(next),
    .data_i ({here_q, here_row_q >= 0 && here_row_q < place_t'(vector_i.height), here_column_q, here_line_q + address_t'(here_column_q)}),
    .valid_o,
    .ready_i,
    .data_o ({read, row_inside_o, column_o, address_o})
  );

  assign go            = ~here_q.valid | next;
  assign busy_o        = start_q | running_q | here_q.valid | valid_o;
  assign taps_o        = read.taps;
  assign begins_o      = read.begins;
  assign ends_o        = read.ends;
  assign out_address_o = read.out_address;
  assign outputs_o     = read.outputs;

  logic unused;
  assign unused = &{1'b0, vector_i, read.valid};

endmodule

`default_nettype wire
