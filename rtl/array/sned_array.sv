// sned_array - the activation memory, the feeder with its row table, and the lanes: a layer's sums from its numbers.
//
// Rows reach the lanes' tiles through Hops registers (a tree in a placed design), and what the lanes have left comes back
// through as many. The memory and the table are written from outside between layers.
`default_nettype none

module sned_array
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int LineBytes = 64,
  parameter int Lines = 16384,
  parameter int TableRows = 8192,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6,
  parameter int CountBits = 12,
  parameter int Hops = 2,
  localparam int Groups = (Pixels + Group - 1) / Group,
  localparam int AddressBits = $clog2(Lines * LineBytes),
  localparam int RowBits = $clog2(HalfRows),
  localparam int TableBits = $clog2(TableRows),
  localparam int EntryBits = 2 * AddressBits + 1 + ShiftBits
) (
  input  wire logic                          clk_i,
  input  wire logic                          rst_ni,
  // A layer: sned_feeder says what the numbers mean.
  input  wire logic                          start_i,
  output      logic                          busy_o,
  input  wire logic                          signed_i,
  input  wire logic [AddressBits-1:0]        base_i,
  input  wire logic [AddressBits-1:0]        limit_i,
  input  wire logic [ColumnBits-1:0]         pitch_i,
  input  wire logic [ColumnBits-1:0]         width_i,
  input  wire logic [ColumnBits-1:0]         step_i,
  input  wire logic [CountBits-1:0]          passes_i,
  input  wire logic [CountBits-1:0]          tiles_i,
  input  wire logic [CountBits-1:0]          halves_i,
  input  wire logic [RowBits:0]              last_rows_i,
  // The row table, and the activations.
  input  wire logic                          table_write_i,
  input  wire logic [TableBits-1:0]          table_address_i,
  input  wire logic [EntryBits-1:0]          table_entry_i,
  input  wire logic                          write_i,
  input  wire logic [AddressBits-1:0]        write_address_i,
  input  wire logic [Pixels-1:0]             write_enable_i,
  input  wire logic [Pixels-1:0][7:0]        write_data_i,
  // A stream for each lane, and its sums.
  input  wire logic [Lanes-1:0]              item_valid_i,
  output      logic [Lanes-1:0]              item_ready_o,
  input  wire logic [Lanes-1:0][ItemWidth-1:0] item_i,
  output      logic [Lanes-1:0]              sums_valid_o,
  input  wire logic [Lanes-1:0]              sums_ready_i,
  output      logic [Lanes-1:0][Groups-1:0][2*SumWidth-1:0] sums_o
);

  typedef struct packed {
    logic                   write;
    logic [RowBits:0]       row;
    logic [Pixels-1:0][7:0] data;
    logic [1:0]             filled;
  } feed_t;

  logic [TableBits-1:0]        table_address;
  logic [EntryBits-1:0]        table_entry;
  logic [AddressBits-1:0]      read_address;
  logic [Pixels-1:0][7:0]      read_data;
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

  sned_banks #(
    .Width    (Pixels),
    .LineBytes(LineBytes),
    .Lines    (Lines)
  ) i_banks (
    .clk_i,
    .read_address_i(read_address),
    .read_data_o   (read_data),
    .write_i,
    .write_address_i,
    .write_enable_i,
    .write_data_i
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
    .base_i,
    .limit_i,
    .pitch_i,
    .width_i,
    .step_i,
    .passes_i,
    .tiles_i,
    .halves_i,
    .last_rows_i,
    .table_address_o(table_address),
    .table_entry_i  (table_entry),
    .read_address_o (read_address),
    .read_data_i    (read_data),
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
      .signed_i,
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
      .sums_o      (sums_o[l])
    );
  end

endmodule

`default_nettype wire
