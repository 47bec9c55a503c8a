// sned_core - the units around the activation memory: Conv, Vector and FC between loads and stores.
//
// DDR is requests and streams here; sned_top puts AXI around them. Of readers and writers of the memory the first in each list goes first: the
// Conv, whose collectors cannot wait for long; those that read and write little; the vector unit, which takes all that is left.
`default_nettype none

module sned_core
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int Columns = 2,
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int TableRows = 9216,
  parameter int TablePairs = 64,
  parameter int StreamWords = 4096,
  parameter int LineBytes = 64,
  parameter int Lines = 32768,
  parameter int Multipliers = 32,
  parameter int LrnLanes = 32,
  parameter int AddLanes = 64,
  parameter int FcReads = 4,
  parameter int FcLanes = 16,
  parameter int FcRows = 64,
  localparam int LanesBits = $clog2(Lanes + 1)
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,
  // The units' descriptors: sned_control.
  input  wire logic [Units-1:0]        start_i,
  input  wire descriptor_t [Units-1:0] descriptor_i,
  output      logic [Units-1:0]        busy_o,
  output      logic                    error_o,        // the FC engine's
  output      logic [LaneCounts-1:0][LanesBits-1:0] lanes_o, // sned_lanes' counts
  // Where the program and this image's input and output lie in DDR.
  input  wire logic [63:0]             base_i,
  input  wire logic [63:0]             input_i,
  input  wire logic [63:0]             output_i,
  // Loads.
  output      logic                    load_req_valid_o,
  input  wire logic                    load_req_ready_i,
  output      logic [63:0]             load_req_address_o,
  output      logic [23:0]             load_req_beats_o,
  input  wire logic                    load_valid_i,
  output      logic                    load_ready_o,
  input  wire logic [127:0]            load_data_i,
  // Streams of the upper half of the lanes; their data is never refused.
  output      logic                    upper_req_valid_o,
  input  wire logic                    upper_req_ready_i,
  output      logic [63:0]             upper_req_address_o,
  output      logic [23:0]             upper_req_beats_o,
  input  wire logic                    upper_valid_i,
  input  wire logic [127:0]            upper_data_i,
  // Stores.
  output      logic                    store_req_valid_o,
  input  wire logic                    store_req_ready_i,
  output      logic [63:0]             store_req_address_o,
  output      logic [23:0]             store_req_beats_o,
  output      logic                    store_valid_o,
  input  wire logic                    store_ready_i,
  output      logic [127:0]            store_data_o,
  input  wire logic                    store_done_i,
  // FC weights.
  output      logic [FcReads-1:0]        fc_req_valid_o,
  input  wire logic [FcReads-1:0]        fc_req_ready_i,
  output      logic [FcReads-1:0][63:0]  fc_req_address_o,
  output      logic [FcReads-1:0][23:0]  fc_req_beats_o,
  output      logic [FcReads-1:0][7:0]   fc_req_tag_o,
  input  wire logic [FcReads-1:0]        fc_valid_i,
  output      logic [FcReads-1:0]        fc_ready_o,
  input  wire logic [FcReads-1:0][127:0] fc_data_i,
  input  wire logic [FcReads-1:0]        fc_last_i,
  input  wire logic [FcReads-1:0][7:0]   fc_tag_i
);

  localparam int AddressBits = $clog2(Lines * LineBytes);
  localparam int TableBits = $clog2(TableRows);
  localparam int WordBits = $clog2(StreamWords);
  localparam int LaneBits = Lanes > 2 ? $clog2(Lanes / 2) : 1;
  localparam int ShiftBits = 6;
  localparam int VectorBytes = AddLanes > Pixels / 3 ? AddLanes : Pixels / 3; // of a write

  // Readers: Conv, FC, Store, Vector. Writers: Conv, FC, Vector, Load.
  logic [3:0]                  read, read_ready, write, write_ready;
  logic [3:0][AddressBits-1:0] read_address, write_address;
  logic [3:0][Pixels-1:0]      write_enable;
  logic [3:0][Pixels-1:0][7:0] write_data;
  logic [Pixels-1:0][7:0]      read_data;
  logic                        vector_busy, vector_reads, vector_write, vector_hold;
  logic [AddressBits-1:0]      vector_address;
  logic [Pixels-1:0]           vector_enable;
  logic [Pixels-1:0][7:0]      vector_data;
  logic [VectorBytes-1:0]      queue_enable;
  logic [VectorBytes-1:0][7:0] queue_data;

  logic                   row_write, pair_write, table_write, lower_busy, upper_busy;
  logic [1:0]             stream_write;
  logic [TableBits-1:0]   row_address;
  logic [63:0]            row;
  logic [255:0]           pair;
  logic [7:0]             pair_first;
  logic [1:0][LaneBits-1:0] stream_lane;
  logic [1:0][WordBits-1:0] stream_address;
  logic [9:0]             table_address;
  logic [15:0]            table_entry;
  logic [127:0]           load_data, load_bytes;

  sned_memory #(.Width(Pixels), .LineBytes(LineBytes), .Lines(Lines), .Readers(4), .Writers(4)) i_memory (
    .clk_i, .read_i(read), .read_ready_o(read_ready), .read_address_i(read_address), .read_data_o(read_data), .write_i(write),
    .write_ready_o(write_ready), .write_address_i(write_address), .write_enable_i(write_enable), .write_data_i(write_data));

  sned_load #(.AddressBits(AddressBits), .TableBits(TableBits), .WordBits(WordBits), .Lanes(Lanes / 2)) i_load (
    .clk_i, .rst_ni, .start_i(start_i[UnitLoad]), .load_i(load_t'(descriptor_i[UnitLoad].body)), .busy_o(lower_busy), .base_i, .input_i,
    .req_valid_o(load_req_valid_o), .req_ready_i(load_req_ready_i), .req_address_o(load_req_address_o), .req_beats_o(load_req_beats_o),
    .data_valid_i(load_valid_i), .data_ready_o(load_ready_o), .data_i(load_data_i), .write_o(write[3]), .write_ready_i(write_ready[3]),
    .write_address_o(write_address[3]), .write_data_o(load_bytes), .row_write_o(row_write), .row_address_o(row_address), .row_o(row), .pair_write_o(pair_write),
    .pair_o(pair), .pair_first_o(pair_first), .stream_write_o(stream_write[0]), .stream_lane_o(stream_lane[0]), .stream_address_o(stream_address[0]),
    .table_write_o(table_write), .table_address_o(table_address), .table_o(table_entry), .data_o(load_data));

  sned_load_upper #(.WordBits(WordBits), .Lanes(Lanes / 2)) i_load_upper (
    .clk_i, .rst_ni, .start_i(start_i[UnitLoad]), .load_i(load_t'(descriptor_i[UnitLoad].body)), .busy_o(upper_busy), .base_i,
    .req_valid_o(upper_req_valid_o), .req_ready_i(upper_req_ready_i), .req_address_o(upper_req_address_o), .req_beats_o(upper_req_beats_o),
    .data_valid_i(upper_valid_i), .stream_write_o(stream_write[1]), .stream_lane_o(stream_lane[1]), .stream_address_o(stream_address[1]));
  assign busy_o[UnitLoad] = lower_busy | upper_busy;
  assign write_enable[3] = Pixels'(16'hffff);
  assign write_data[3]   = (8 * Pixels)'(load_bytes);

  sned_lanes #(
    .Lanes(Lanes), .Columns(Columns), .Pixels(Pixels), .HalfRows(HalfRows), .Slots(Slots), .Group(Group), .AddressBits(AddressBits),
    .TableRows(TableRows), .TablePairs(TablePairs), .StreamWords(StreamWords), .ShiftBits(ShiftBits)) i_lanes (
    .clk_i, .rst_ni, .start_i(start_i[UnitConv]), .conv_i(conv_t'(descriptor_i[UnitConv].body)), .busy_o(busy_o[UnitConv]),
    .row_write_i(row_write), .row_address_i(row_address), .row_i(row), .pair_write_i(pair_write), .pair_i(pair), .pair_first_i(pair_first),
    .stream_write_i(stream_write), .stream_lane_i(stream_lane), .stream_address_i(stream_address),
    .stream_word_i({upper_data_i[WordItems*ItemWidth-1:0], load_data[WordItems*ItemWidth-1:0]}), .read_o(read[0]), .read_address_o(read_address[0]), .read_data_i(read_data),
    .write_o(write[0]), .write_ready_i(write_ready[0]), .write_address_o(write_address[0]), .write_enable_o(write_enable[0]),
    .write_data_o(write_data[0]), .counts_o(lanes_o));

  sned_vector #(.Pixels(Pixels), .AddressBits(AddressBits), .Multipliers(Multipliers), .LrnLanes(LrnLanes), .AddLanes(AddLanes)) i_vector (
    .clk_i, .rst_ni, .start_i(start_i[UnitVector]), .vector_i(vector_t'(descriptor_i[UnitVector].body)), .busy_o(vector_busy),
    .table_write_i(table_write), .table_address_i(table_address), .table_entry_i(table_entry), .read_o(vector_reads),
    .read_ready_i(read_ready[3] & ~vector_hold), .read_address_o(read_address[3]), .read_data_i(read_data), .write_o(vector_write),
    .write_address_o(vector_address), .write_enable_o(vector_enable), .write_data_o(vector_data));
  assign read[3]            = vector_reads & ~vector_hold;
  assign busy_o[UnitVector] = vector_busy | write[2];

  sned_write_queue #(.Bytes(VectorBytes), .AddressBits(AddressBits)) i_vector_writes (
    .clk_i, .rst_ni, .hold_o(vector_hold), .write_i(vector_write), .address_i(vector_address),
    .enable_i(vector_enable[VectorBytes-1:0]), .data_i(vector_data[VectorBytes-1:0]), .write_o(write[2]), .write_ready_i(write_ready[2]),
    .address_o(write_address[2]), .enable_o(queue_enable), .data_o(queue_data));
  assign write_enable[2] = Pixels'(queue_enable);
  assign write_data[2]   = (8 * Pixels)'(queue_data);

  sned_fc #(.Ports(FcReads), .Lanes(FcLanes), .Rows(FcRows), .Pixels(Pixels), .AddressBits(AddressBits)) i_fc (
    .clk_i, .rst_ni, .start_i(start_i[UnitFc]), .descriptor_i(fc_t'(descriptor_i[UnitFc].body)), .ddr_base_i(base_i), .busy_o(busy_o[UnitFc]),
    .error_o, .req_valid_o(fc_req_valid_o), .req_ready_i(fc_req_ready_i), .req_address_o(fc_req_address_o), .req_beats_o(fc_req_beats_o),
    .req_tag_o(fc_req_tag_o), .data_valid_i(fc_valid_i), .data_ready_o(fc_ready_o), .data_i(fc_data_i), .data_last_i(fc_last_i),
    .data_tag_i(fc_tag_i), .read_o(read[1]), .read_ready_i(read_ready[1]), .read_address_o(read_address[1]), .read_data_i(read_data),
    .write_o(write[1]), .write_ready_i(write_ready[1]), .write_address_o(write_address[1]), .write_enable_o(write_enable[1]),
    .write_data_o(write_data[1]));

  sned_store #(.AddressBits(AddressBits)) i_store (
    .clk_i, .rst_ni, .start_i(start_i[UnitStore]), .store_i(store_t'(descriptor_i[UnitStore].body)), .busy_o(busy_o[UnitStore]), .base_i,
    .output_i, .read_o(read[2]), .read_ready_i(read_ready[2]), .read_address_o(read_address[2]), .read_data_i(read_data[15:0]),
    .req_valid_o(store_req_valid_o), .req_ready_i(store_req_ready_i), .req_address_o(store_req_address_o), .req_beats_o(store_req_beats_o),
    .data_valid_o(store_valid_o), .data_ready_i(store_ready_i), .data_o(store_data_o), .done_i(store_done_i));

  logic unused;
  assign unused = &{1'b0, read_ready[0], vector_enable, vector_data, load_data, upper_data_i, descriptor_i};

endmodule

`default_nettype wire
