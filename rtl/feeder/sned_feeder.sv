// sned_feeder - fills the lanes' half-tiles: a row of Pixels activations a cycle, shifted and masked.
//
// Work is Tiles x Halves half-tiles from pixel `first` of the raster on, each of HalfRows rows but the last of a tile. The row table says for each row
// its channel, its shift along the flat raster, and the columns of that shift (row_t below); pixel p of the row is
// memory[base + channel + first + shift + p], or 0 where the shift leaves the image: to the left or right by its columns, above
// or below by its place in the raster. A half-tile is filled once every lane has left it; a row whose tap is
// outside of the image for all pixels is written all the same. From a row's turn to the lanes: 9 cycles.
`default_nettype none

module sned_feeder #(
  parameter int Pixels = 98,
  parameter int Lanes = 16,
  parameter int HalfRows = 256,
  parameter int TableRows = 8192,
  parameter int AddressBits = 20,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6,
  parameter int CountBits = 12,                                 // of tiles, half-tiles
  localparam int RowBits = $clog2(HalfRows),
  localparam int TableBits = $clog2(TableRows),
  localparam int PlaceBits = AddressBits + 2,                   // signed places in the raster
  localparam int EntryBits = 2 * AddressBits + 1 + ShiftBits
) (
  input  wire logic                       clk_i,
  input  wire logic                       rst_ni,
  // A layer; the numbers stay while busy_o.
  input  wire logic                       start_i,
  output      logic                       busy_o,
  input  wire logic [AddressBits-1:0]     base_i,
  input  wire logic [AddressBits-1:0]     limit_i,              // height x pitch
  input  wire logic [ColumnBits-1:0]      pitch_i,
  input  wire logic [ColumnBits-1:0]      width_i,
  input  wire logic [ColumnBits-1:0]      step_i,               // Pixels mod pitch
  input  wire logic [AddressBits-1:0]     first_i,              // the first tile's place in the raster, and its column
  input  wire logic [ColumnBits-1:0]      first_column_i,
  input  wire logic [CountBits-1:0]       tiles_i,              // each at least 1
  input  wire logic [CountBits-1:0]       halves_i,
  input  wire logic [RowBits:0]           last_rows_i,          // of the last half-tile, at least 1
  input  wire logic [TableBits-1:0]       row_first_i,          // of the table
  // The row table: latency 2.
  output      logic [TableBits-1:0]       table_address_o,
  input  wire logic [EntryBits-1:0]       table_entry_i,        // {columns, shift, channel}
  // The activations: latency 5.
  output      logic                       read_o,
  output      logic [AddressBits-1:0]     read_address_o,
  input  wire logic [Pixels-1:0][7:0]     read_data_i,
  // The lanes.
  input  wire logic [Lanes-1:0][1:0]      left_i,
  output      logic [1:0]                 filled_o,
  output      logic                       write_o,
  output      logic [RowBits:0]           write_row_o,
  output      logic [Pixels-1:0][7:0]     write_data_o
);

  localparam int Memory = 5;
  localparam int EdgeBits = $clog2(Pixels + 1);

  typedef struct packed {
    logic signed [ShiftBits-1:0] columns;
    logic signed [AddressBits:0] shift;
    logic [AddressBits-1:0]      channel;
  } row_t;

  // What travels with a row.
  typedef struct packed {
    logic             valid;
    logic             ends_tile;
    logic             ends_half;
    logic [RowBits:0] row;
  } tag_t;

  // ---- which row ----
  logic                 columns_busy, columns_begin, begun_q, run_q, issue, last_row, last_half, last_tile;
  logic [1:0]           free;
  logic [1:0]           settle_q;                               // until the rows before have looked at the columns
  logic [RowBits:0]     row_q, last_row_q;
  logic [TableBits-1:0] address_q;
  logic [CountBits-1:0] half_q, tile_q, last_half_q, before_last_q, last_tile_q;               // numbers of the last ones; they stay from start_i on
  logic                 side_q;                                 // the half-tile that is filled
  logic [1:0]           turn_q;                                 // as filled_o will be when all rows are there

  for (genvar s = 0; s < 2; s++) begin : gen_free
    logic [Lanes-1:0] gone;
    for (genvar l = 0; l < Lanes; l++) assign gone[l] = left_i[l][s] == turn_q[s];
    always_ff @(posedge clk_i) free[s] <= &gone & ~(issue & last_row & (side_q == 1'(s)));
  end

  assign busy_o    = begun_q | run_q;
  assign last_tile = tile_q == last_tile_q;
  assign last_row  = row_q == (last_half ? last_row_q : (RowBits + 1)'(HalfRows - 1));
  assign issue     = run_q & (free[side_q] | (row_q != '0));

  assign table_address_o = address_q;
  assign columns_begin   = begun_q & (settle_q == 2'd2);

  always_ff @(posedge clk_i) begin
    last_half_q   <= halves_i - 1'b1;
    before_last_q <= halves_i - CountBits'(2);
    last_tile_q   <= tiles_i - 1'b1;
    last_row_q    <= last_rows_i - 1'b1;
    if (begun_q) last_half <= last_half_q == '0;
    if (start_i) begin
      begun_q   <= 1'b1;
      row_q     <= '0;
      address_q <= row_first_i;
      half_q    <= '0;
      tile_q    <= '0;
      settle_q  <= '0;
    end else if (begun_q) begin
      if (settle_q != 2'd3) settle_q <= settle_q + 1'b1;
      else if (~columns_busy) begin
        begun_q <= 1'b0;
        run_q   <= 1'b1;
      end
    end else if (issue) begin
      row_q     <= last_row ? '0 : row_q + 1'b1;
      address_q <= last_row & last_half ? row_first_i : address_q + 1'b1;
      if (last_row) begin
        half_q         <= last_half ? '0 : half_q + 1'b1;
        last_half      <= last_half ? last_half_q == '0 : half_q == before_last_q;
        side_q         <= ~side_q;
        turn_q[side_q] <= ~turn_q[side_q];
      end
      if (last_row & last_half) begin
        tile_q <= tile_q + 1'b1;
        if (last_tile) run_q <= 1'b0;
      end
    end
    if (!rst_ni) begin
      begun_q <= 1'b0;
      run_q   <= 1'b0;
      side_q  <= 1'b0;
      turn_q  <= '0;
    end
  end

  // ---- its entry, and where that points ----
  tag_t [8:0]                  tag_q;
  row_t                        entry;
  logic signed [PlaceBits-1:0] first_q, before_q, left_q;       // the tile's place in the raster; less than 0 by it; what of the raster is left
  logic signed [PlaceBits-1:0] away, low, high;
  logic [AddressBits-1:0]      read_q;
  logic [EdgeBits-1:0]         from_q, to_q;
  logic [Pixels-1:0]           columns_inside;
  logic [Memory-1:0][Pixels-1:0] mask_q;

  function automatic logic [EdgeBits-1:0] edge_of(logic signed [PlaceBits-1:0] place_i);
    return place_i <= 0 ? '0 : place_i >= PlaceBits'(Pixels) ? EdgeBits'(Pixels) : EdgeBits'(place_i);
  endfunction

  assign entry = row_t'(table_entry_i);
  // The raster place of pixel 0 a number of whole rows away: the columns are looked at by themselves.
  assign away = PlaceBits'(entry.shift) - PlaceBits'(entry.columns);
  assign low  = before_q - away;
  assign high = left_q - away;

  sned_columns #(.Pixels(Pixels), .ColumnBits(ColumnBits), .ShiftBits(ShiftBits)) i_columns (
    .clk_i, .rst_ni, .begin_i(columns_begin), .pitch_i, .width_i, .step_i, .first_i(first_column_i), .busy_o(columns_busy),
    .next_i(tag_q[1].valid & tag_q[1].ends_tile), .shift_i(entry.columns), .inside_o(columns_inside)
  );

  always_ff @(posedge clk_i) begin
    tag_q <= {tag_q[7:0], tag_t'{valid: issue, ends_tile: last_row & last_half, ends_half: last_row, row: {side_q, row_q[RowBits-1:0]}}};
    if (columns_busy) begin
      first_q  <= PlaceBits'(first_i);
      before_q <= -PlaceBits'(first_i);
      left_q   <= PlaceBits'(limit_i) - PlaceBits'(first_i);
    end else if (tag_q[1].valid & tag_q[1].ends_tile) begin
      first_q  <= first_q + PlaceBits'(Pixels);
      before_q <= before_q - PlaceBits'(Pixels);
      left_q   <= left_q - PlaceBits'(Pixels);
    end
    read_q <= base_i + entry.channel + AddressBits'(first_q) + AddressBits'(entry.shift);
    from_q <= edge_of(low);
    to_q   <= edge_of(high);
    for (int p = 0; p < Pixels; p++) mask_q[0][p] <= columns_inside[p] & (EdgeBits'(p) >= from_q) & (EdgeBits'(p) < to_q);
    mask_q[Memory-1:1] <= mask_q[Memory-2:0];
    for (int p = 0; p < Pixels; p++) write_data_o[p] <= read_data_i[p] & {8{mask_q[Memory-1][p]}};
    write_o     <= tag_q[7].valid;
    write_row_o <= tag_q[7].row;
    // The row is in the lanes' tiles one cycle after write_o.
    if (tag_q[8].valid & tag_q[8].ends_half) filled_o[tag_q[8].row[RowBits]] <= ~filled_o[tag_q[8].row[RowBits]];
    if (!rst_ni) begin
      tag_q    <= '0;
      write_o  <= 1'b0;
      filled_o <= '0;
    end
  end

  assign read_o         = tag_q[2].valid;
  assign read_address_o = read_q;

endmodule

`default_nettype wire
