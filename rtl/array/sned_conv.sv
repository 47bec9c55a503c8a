// sned_conv - a Conv from memory to memory: the array of lanes, and collectors that write its outputs back.
//
// Lanes are shared out to Columns collectors, neighbours together. busy_o until every lane that has work (conv_i.active) has written its last
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
  parameter int AddressBits = 21,
  parameter int TableRows = 9216,
  parameter int TablePairs = 64,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6,
  parameter int CountBits = 12,
  localparam int TableBits = $clog2(TableRows),
  localparam int RowEntryBits = 2 * AddressBits + 1 + ShiftBits,
  localparam int Each = Lanes / Columns,
  localparam int PairAddressBits = (Each > 1 ? $clog2(Each) : 1) + $clog2(TablePairs),
  localparam int PairEntryBits = $bits(filter_t) * 2 + 2 * AddressBits + 1,
  localparam int Groups = (Pixels + Group - 1) / Group
) (
  input  wire logic                            clk_i,
  input  wire logic                            rst_ni,
  input  wire logic                            start_i,
  output      logic                            busy_o,
  input  wire conv_t                           conv_i,        // constant while busy_o
  // Tables: those of another Conv may be written meanwhile.
  input  wire logic                            row_write_i,
  input  wire logic [TableBits-1:0]            row_address_i,
  input  wire logic [RowEntryBits-1:0]         row_entry_i,
  input  wire logic [Columns-1:0]              pair_write_i,
  input  wire logic [PairAddressBits-1:0]      pair_address_i,
  input  wire logic [PairEntryBits-1:0]        pair_entry_i,
  // The activations: reads are always taken, latency 5; writes where write_ready_i is 1.
  output      logic                            read_o,
  output      logic [AddressBits-1:0]          read_address_o,
  input  wire logic [Pixels-1:0][7:0]          read_data_i,
  output      logic                            write_o,
  input  wire logic                            write_ready_i,
  output      logic [AddressBits-1:0]          write_address_o,
  output      logic [Pixels-1:0]               write_enable_o,
  output      logic [Pixels-1:0][7:0]          write_data_o,
  // A stream for each lane.
  input  wire logic [Lanes-1:0]                item_valid_i,
  output      logic [Lanes-1:0]                item_ready_o,
  input  wire logic [Lanes-1:0][ItemWidth-1:0] item_i,
  output      lane_status_t [Lanes-1:0]        status_o       // of the cycle before
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
  logic [ColumnIndexBits-1:0]                   winner;
  logic                                         any, feeding, running_q;

  sned_array #(
    .Lanes     (Lanes),
    .Pixels    (Pixels),
    .HalfRows  (HalfRows),
    .Slots     (Slots),
    .Group     (Group),
    .AddressBits(AddressBits),
    .TableRows (TableRows),
    .ColumnBits(ColumnBits),
    .ShiftBits (ShiftBits),
    .CountBits (CountBits)
  ) i_array (
    .clk_i,
    .rst_ni,
    .start_i,
    .busy_o         (feeding),
    .conv_i,
    .table_write_i  (row_write_i),
    .table_address_i(row_address_i),
    .table_entry_i  (row_entry_i),
    .read_o,
    .read_address_o,
    .read_data_i,
    .item_valid_i,
    .item_ready_o,
    .item_i,
    .sums_valid_o   (sums_valid),
    .sums_ready_i   (sums_ready),
    .sums_o         (sums),
    .status_o
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
      .tiles_i        (CountBits'(conv_i.tiles)),
      .pair_first_i   ($clog2(TablePairs)'(conv_i.pair_first)),
      .base_i         (AddressBits'(conv_i.out_base)),
      .limit_i        (AddressBits'(conv_i.out_limit)),
      .low_i          (conv_i.low),
      .high_i         (conv_i.high),
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
    assign column_ready[c] = any & write_ready_i & (winner == ColumnIndexBits'(c));
  end

  sned_choose #(
    .Count(Columns)
  ) i_choose (
    .clk_i,
    .rst_ni,
    .wants_i(column_write),
    .take_i (any & write_ready_i),
    .valid_o(any),
    .index_o(winner)
  );

  assign write_o         = any;
  assign write_address_o = column[winner].address;
  assign write_enable_o  = column[winner].enable;
  assign write_data_o    = column[winner].data;
  assign busy_o          = running_q;

  // A feeder that has only begun is not done.
  always_ff @(posedge clk_i) begin
    running_q <= start_i | (running_q & ~(~feeding & (&(done | ~conv_i.active[Lanes-1:0]))));
    if (!rst_ni) running_q <= 1'b0;
  end

endmodule

`default_nettype wire
