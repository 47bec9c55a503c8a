// sned_lanes - sned_conv with what its lanes read: a stream buffer each; and loads taken apart to tables and buffers.
//
// counts_o[i]: in how many lanes that have work bit i of lane_status_t was 1, 2 cycles ago; a lane whose stream is at its end has none.
`default_nettype none

module sned_lanes
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int Columns = 2,
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int AddressBits = 21,
  parameter int TableRows = 9216,
  parameter int TablePairs = 64,
  parameter int StreamWords = 4096,
  parameter int ShiftBits = 6,
  localparam int TableBits = $clog2(TableRows),
  localparam int WordBits = $clog2(StreamWords),
  localparam int Half = Lanes / 2,
  localparam int LaneBits = Half > 1 ? $clog2(Half) : 1,
  localparam int LanesBits = $clog2(Lanes + 1)
) (
  input  wire logic                           clk_i,
  input  wire logic                           rst_ni,
  input  wire logic                           start_i,
  input  wire conv_t                          conv_i,
  output      logic                           busy_o,
  // As src/accel/program/table.h draws them.
  input  wire logic                           row_write_i,
  input  wire logic [TableBits-1:0]           row_address_i,
  input  wire logic [63:0]                    row_i,
  input  wire logic                           pair_write_i,
  input  wire logic [255:0]                   pair_i,
  input  wire logic [7:0]                     pair_first_i,
  // Of the lower and the upper half of the lanes.
  input  wire logic [1:0]                          stream_write_i,
  input  wire logic [1:0][LaneBits-1:0]            stream_lane_i,
  input  wire logic [1:0][WordBits-1:0]            stream_address_i,
  input  wire logic [1:0][WordItems*ItemWidth-1:0] stream_word_i,
  // The activations, as sned_conv has them.
  output      logic                           read_o,
  output      logic [AddressBits-1:0]         read_address_o,
  input  wire logic [Pixels-1:0][7:0]         read_data_i,
  output      logic                           write_o,
  input  wire logic                           write_ready_i,
  output      logic [AddressBits-1:0]         write_address_o,
  output      logic [Pixels-1:0]              write_enable_o,
  output      logic [Pixels-1:0][7:0]         write_data_o,
  output      logic [LaneCounts-1:0][LanesBits-1:0] counts_o
);

  localparam int CountBits = 12;
  localparam int Each = Lanes / Columns;
  localparam int EachBits = Each > 1 ? $clog2(Each) : 1;
  localparam int PairBits = $clog2(TablePairs);
  localparam int FilterBits = $bits(filter_t);

  logic [Lanes-1:0]                item_valid, item_ready;
  logic [Lanes-1:0][ItemWidth-1:0] item;
  logic [Columns-1:0]              pair_write;
  logic [Lanes-1:0]                more, more_q;              // items are to come
  lane_status_t [Lanes-1:0]        status;

  for (genvar c = 0; c < Columns; c++) begin : gen_column
    assign pair_write[c] = pair_write_i & (pair_i[207:200] == 8'(c));
  end

  sned_conv #(
    .Lanes      (Lanes),
    .Columns    (Columns),
    .Pixels     (Pixels),
    .HalfRows   (HalfRows),
    .Slots      (Slots),
    .Group      (Group),
    .AddressBits(AddressBits),
    .TableRows  (TableRows),
    .TablePairs (TablePairs),
    .ShiftBits  (ShiftBits),
    .CountBits  (CountBits)
  ) i_conv (
    .clk_i,
    .rst_ni,
    .start_i,
    .busy_o,
    .conv_i,
    .row_write_i,
    .row_address_i,
    .row_entry_i   ({row_i[48+:ShiftBits], row_i[24+:AddressBits+1], row_i[AddressBits-1:0]}),
    .pair_write_i  (pair_write),
    .pair_address_i({pair_i[192+:EachBits], PairBits'(pair_first_i) + pair_i[184+:PairBits]}),
    .pair_entry_i  ({pair_i[208], pair_i[152+:AddressBits], pair_i[128+:AddressBits], pair_i[64+:FilterBits], pair_i[0+:FilterBits]}),
    .read_o,
    .read_address_o,
    .read_data_i,
    .write_o,
    .write_ready_i,
    .write_address_o,
    .write_enable_o,
    .write_data_o,
    .item_valid_i  (item_valid),
    .item_ready_o  (item_ready),
    .item_i        (item),
    .status_o      (status)
  );

  for (genvar l = 0; l < Lanes; l++) begin : gen_stream
    sned_stream #(
      .Words    (StreamWords),
      .CountBits(CountBits)
    ) i_stream (
      .clk_i,
      .rst_ni,
      .write_i        (stream_write_i[l/Half] & (stream_lane_i[l/Half] == LaneBits'(l % Half))),
      .write_address_i(stream_address_i[l/Half]),
      .write_data_i   (stream_word_i[l/Half]),
      .start_i,
      .first_i        (WordBits'(conv_i.stream_first)),
      .tiles_i        (conv_i.tiles),
      .more_o         (more[l]),
      .valid_o        (item_valid[l]),
      .ready_i        (item_ready[l]),
      .item_o         (item[l])
    );
  end

  always_ff @(posedge clk_i) begin
    automatic logic [LaneCounts-1:0][LanesBits-1:0] counts = '0;
    more_q <= more & conv_i.active[Lanes-1:0];
    for (int l = 0; l < Lanes; l++)
      for (int i = 0; i < LaneCounts; i++) counts[i] = counts[i] + LanesBits'({status[l][i] & more_q[l]});
    counts_o <= counts;
  end

  logic unused;
  assign unused = &{1'b0, row_i, pair_i, pair_first_i};

endmodule

`default_nettype wire
