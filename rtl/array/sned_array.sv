// sned_array - the feeder with its row table, and the lanes: a layer's sums from its numbers.
//
// Rows reach the lanes' tiles through Hops registers (a tree in a placed design), and what the lanes have left comes back
// through as many. Of the table a Conv reads its own part, so that another's is written meanwhile.
`default_nettype none

module sned_array
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int AddressBits = 21,
  parameter int TableRows = 9216,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6,
  parameter int CountBits = 12,
  parameter int Hops = 2,
  localparam int Groups = (Pixels + Group - 1) / Group,
  localparam int RowBits = $clog2(HalfRows),
  localparam int TableBits = $clog2(TableRows),
  localparam int EntryBits = 2 * AddressBits + 1 + ShiftBits
) (
  input  wire logic                          clk_i,
  input  wire logic                          rst_ni,
  input  wire logic                          start_i,
  output      logic                          busy_o,
  input  wire conv_t                         conv_i,  // constant while busy_o
  // The row table.
  input  wire logic                          table_write_i,
  input  wire logic [TableBits-1:0]          table_address_i,
  input  wire logic [EntryBits-1:0]          table_entry_i,
  // The activations: latency 5.
  output      logic                          read_o,
  output      logic [AddressBits-1:0]        read_address_o,
  input  wire logic [Pixels-1:0][7:0]        read_data_i,
  // A stream for each lane, and its sums.
  input  wire logic [Lanes-1:0]              item_valid_i,
  output      logic [Lanes-1:0]              item_ready_o,
  input  wire logic [Lanes-1:0][ItemWidth-1:0] item_i,
  output      logic [Lanes-1:0]              sums_valid_o,
  input  wire logic [Lanes-1:0]              sums_ready_i,
  output      logic [Lanes-1:0][Groups-1:0][2*SumWidth-1:0] sums_o,
  output      lane_status_t [Lanes-1:0]      status_o        // of the cycle before
);

  typedef struct packed {
    logic                   write;
    logic [RowBits:0]       row;
    logic [Pixels-1:0][7:0] data;
    logic [1:0]             filled;
  } feed_t;

  logic [TableBits-1:0]        table_address;
  logic [EntryBits-1:0]        table_entry;
  feed_t                       fed;
  feed_t [Hops-1:0]            feed_q;
  logic [Lanes-1:0][1:0]       left;
  logic [Hops-1:0][Lanes-1:0][1:0] left_q;

  sned_ram #(
    .Width(EntryBits),
    .Depth(TableRows)
  ) i_table (
    .clk_i,
    .write_i        (table_write_i),
    .write_address_i(table_address_i),
    .write_data_i   (table_entry_i),
    .read_address_i (table_address),
    .read_data_o    (table_entry)
  );

  sned_feeder #(
    .Pixels     (Pixels),
    .Lanes      (Lanes),
    .HalfRows   (HalfRows),
    .TableRows  (TableRows),
    .AddressBits(AddressBits),
    .ColumnBits (ColumnBits),
    .ShiftBits  (ShiftBits),
    .CountBits  (CountBits)
  ) i_feeder (
    .clk_i,
    .rst_ni,
    .start_i,
    .busy_o,
    .base_i         (AddressBits'(conv_i.base)),
    .limit_i        (AddressBits'(conv_i.limit)),
    .pitch_i        (ColumnBits'(conv_i.pitch)),
    .width_i        (ColumnBits'(conv_i.width)),
    .step_i         (ColumnBits'(conv_i.step)),
    .first_i        (AddressBits'(conv_i.first)),
    .first_column_i (ColumnBits'(conv_i.first_column)),
    .tiles_i        (CountBits'(conv_i.tiles)),
    .halves_i       (CountBits'(conv_i.halves)),
    .last_rows_i    ((RowBits + 1)'(conv_i.last_rows)),
    .row_first_i    (TableBits'(conv_i.row_first)),
    .table_address_o(table_address),
    .table_entry_i  (table_entry),
    .read_o,
    .read_address_o,
    .read_data_i,
    .left_i         (left_q[Hops-1]),
    .filled_o       (fed.filled),
    .write_o        (fed.write),
    .write_row_o    (fed.row),
    .write_data_o   (fed.data)
  );

  always_ff @(posedge clk_i) begin
    feed_q[0] <= fed;
    left_q[0] <= left;
    for (int h = 1; h < Hops; h++) begin
      feed_q[h] <= feed_q[h-1];
      left_q[h] <= left_q[h-1];
    end
    if (!rst_ni) begin
      feed_q <= '0;
      left_q <= '0;
    end
  end

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    sned_lane #(
      .Pixels  (Pixels),
      .HalfRows(HalfRows),
      .Slots   (Slots),
      .Group   (Group)
    ) i_lane (
      .clk_i,
      .rst_ni,
      .signed_i    (conv_i.is_signed),
      .write_i     (feed_q[Hops-1].write),
      .write_row_i (feed_q[Hops-1].row),
      .write_data_i(feed_q[Hops-1].data),
      .filled_i    (feed_q[Hops-1].filled),
      .left_o      (left[l]),
      .valid_i     (item_valid_i[l]),
      .ready_o     (item_ready_o[l]),
      .item_i      (item_i[l]),
      .valid_o     (sums_valid_o[l]),
      .ready_i     (sums_ready_i[l]),
      .sums_o      (sums_o[l]),
      .status_o    (status_o[l])
    );
  end

  logic unused;
  assign unused = &{1'b0, conv_i};

endmodule

`default_nettype wire
