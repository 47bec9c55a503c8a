// sned_conv - a Conv from memory to memory: the array of lanes, and collectors that write its outputs back.
//
// Lanes are shared out to Columns collectors, neighbours together. done_o once every lane that has work (active_i) has written its last
// row. Outputs must not overwrite what the feeder still reads: the compiler places them elsewhere.
`default_nettype none

module sned_conv
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int Columns = 2,                              // a divisor of Lanes; 2 Columns <= Group
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int LineBytes = 64,
  parameter int Lines = 16384,
  parameter int TableRows = 8192,
  parameter int TablePairs = 64,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6,
  parameter int CountBits = 12,
  localparam int AddressBits = $clog2(Lines * LineBytes),
  localparam int RowBits = $clog2(HalfRows),
  localparam int TableBits = $clog2(TableRows),
  localparam int RowEntryBits = 2 * AddressBits + 1 + ShiftBits,
  localparam int Each = Lanes / Columns,
  localparam int PairAddressBits = (Each > 1 ? $clog2(Each) : 1) + $clog2(TablePairs),
  localparam int PairEntryBits = $bits(filter_t) * 2 + 2 * AddressBits + 2,
  localparam int Groups = (Pixels + Group - 1) / Group
) (
  input  wire logic                            clk_i,
  input  wire logic                            rst_ni,
  // A layer: sned_feeder and sned_collector say what the numbers mean.
  input  wire logic                            start_i,
  output      logic                            done_o,
  input  wire logic [Lanes-1:0]                active_i,
  input  wire logic                            signed_i,
  input  wire logic [AddressBits-1:0]          base_i,
  input  wire logic [AddressBits-1:0]          limit_i,
  input  wire logic [ColumnBits-1:0]           pitch_i,
  input  wire logic [ColumnBits-1:0]           width_i,
  input  wire logic [ColumnBits-1:0]           step_i,
  input  wire logic [CountBits-1:0]            passes_i,
  input  wire logic [CountBits-1:0]            tiles_i,
  input  wire logic [CountBits-1:0]            halves_i,
  input  wire logic [RowBits:0]                last_rows_i,
  input  wire logic [AddressBits-1:0]          out_limit_i,
  input  wire logic signed [8:0]               low_i,
  input  wire logic signed [8:0]               high_i,
  // Tables and activations, written between layers.
  input  wire logic                            row_write_i,
  input  wire logic [TableBits-1:0]            row_address_i,
  input  wire logic [RowEntryBits-1:0]         row_entry_i,
  input  wire logic [Columns-1:0]              pair_write_i,
  input  wire logic [PairAddressBits-1:0]      pair_address_i,
  input  wire logic [PairEntryBits-1:0]        pair_entry_i,
  input  wire logic                            write_i,
  input  wire logic [AddressBits-1:0]          write_address_i,
  input  wire logic [Pixels-1:0]               write_enable_i,
  input  wire logic [Pixels-1:0][7:0]          write_data_i,
  // A stream for each lane.
  input  wire logic [Lanes-1:0]                item_valid_i,
  output      logic [Lanes-1:0]                item_ready_o,
  input  wire logic [Lanes-1:0][ItemWidth-1:0] item_i
);

  localparam int ColumnIndexBits = Columns > 1 ? $clog2(Columns) : 1;

  typedef struct packed {
    logic [AddressBits-1:0] address;
    logic [Pixels-1:0]      enable;
    logic [Pixels-1:0][7:0] data;
  } write_t;

  logic [Lanes-1:0]                             sums_valid, sums_ready, done;
  logic [Lanes-1:0][Groups-1:0][2*SumWidth-1:0] sums;
  logic [Columns-1:0]                           column_write, column_ready;
  write_t [Columns-1:0]                         column;
  write_t                                       write;
  logic [ColumnIndexBits-1:0]                   winner;
  logic                                         any, busy, started_q;

  sned_array #(
    .Lanes     (Lanes),
    .Pixels    (Pixels),
    .HalfRows  (HalfRows),
    .Slots     (Slots),
    .Group     (Group),
    .LineBytes (LineBytes),
    .Lines     (Lines),
    .TableRows (TableRows),
    .ColumnBits(ColumnBits),
    .ShiftBits (ShiftBits),
    .CountBits (CountBits)
  ) i_array (
    .clk_i,
    .rst_ni,
    .start_i,
    .busy_o         (busy),
    .signed_i,
    .base_i,
    .limit_i,
    .pitch_i,
    .width_i,
    .step_i,
    .passes_i,
    .tiles_i,
    .halves_i,
    .last_rows_i,
    .table_write_i  (row_write_i),
    .table_address_i(row_address_i),
    .table_entry_i  (row_entry_i),
    .write_i        (any | write_i),
    .write_address_i(write.address),
    .write_enable_i (write.enable),
    .write_data_i   (write.data),
    .item_valid_i,
    .item_ready_o,
    .item_i,
    .sums_valid_o   (sums_valid),
    .sums_ready_i   (sums_ready),
    .sums_o         (sums)
  );

  for (genvar c = 0; c < Columns; c++) begin : gen_column
    sned_collector #(
      .Lanes      (Each),
      .Pixels     (Pixels),
      .Group      (Group),
      .TablePairs (TablePairs),
      .AddressBits(AddressBits),
      .CountBits  (CountBits)
    ) i_collector (
      .clk_i,
      .rst_ni,
      .start_i,
      .tiles_i,
      .limit_i        (out_limit_i),
      .low_i,
      .high_i,
      .done_o         (done[c*Each+:Each]),
      .table_write_i  (pair_write_i[c]),
      .table_address_i(pair_address_i),
      .table_entry_i  (pair_entry_i),
      .valid_i        (sums_valid[c*Each+:Each]),
      .ready_o        (sums_ready[c*Each+:Each]),
      .sums_i         (sums[c*Each+:Each]),
      .write_o        (column_write[c]),
      .write_ready_i  (column_ready[c]),
      .write_address_o(column[c].address),
      .write_enable_o (column[c].enable),
      .write_data_o   (column[c].data)
    );
    assign column_ready[c] = any & (winner == ColumnIndexBits'(c));
  end

  sned_choose #(
    .Count(Columns)
  ) i_choose (
    .clk_i,
    .rst_ni,
    .wants_i(column_write),
    .take_i (any),
    .valid_o(any),
    .index_o(winner)
  );

  assign write  = any ? column[winner] : '{address: write_address_i, enable: write_enable_i, data: write_data_i};
  assign done_o = started_q & ~busy & (&(done | ~active_i));

  always_ff @(posedge clk_i) begin
    started_q <= start_i | started_q;
    if (!rst_ni) started_q <= 1'b0;
  end

endmodule

`default_nettype wire
