// sned_load - brings words of 16 bytes from DDR to where a load says: activations, tables, streams. src/accel/program/descriptor.h: load_kind.
//
// A word a cycle to activations and streams, one in two cycles to the row table, two for an entry of the pair table, one in eight to the LRN's. Of streams
// it brings those of the lower half of the lanes; sned_load_upper those of the others, by a port of its own.
`default_nettype none

module sned_load
  import sned_pkg::*;
#(
  parameter int AddressBits = 21,
  parameter int TableBits = 14,
  parameter int WordBits = 12,                                   // of a stream buffer's address
  parameter int Lanes = 8,                                       // of the lower half
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   start_i,
  input  wire load_t                  load_i,                    // constant while busy_o
  output      logic                   busy_o,
  input  wire logic [63:0]            base_i,
  input  wire logic [63:0]            input_i,                   // this image's
  // DDR.
  output      logic                   req_valid_o,
  input  wire logic                   req_ready_i,
  output      logic [63:0]            req_address_o,
  output      logic [23:0]            req_beats_o,
  input  wire logic                   data_valid_i,
  output      logic                   data_ready_o,
  input  wire logic [127:0]           data_i,
  // Activations.
  output      logic                   write_o,
  input  wire logic                   write_ready_i,
  output      logic [AddressBits-1:0] write_address_o,
  output      logic [127:0]           write_data_o,
  // Tables and streams; all take their data from data_o.
  output      logic                   row_write_o,
  output      logic [TableBits-1:0]   row_address_o,
  output      logic [63:0]            row_o,
  output      logic                   pair_write_o,
  output      logic [255:0]           pair_o,                    // its number counts from pair_first_o on
  output      logic [7:0]             pair_first_o,
  output      logic                   stream_write_o,
  output      logic [LaneBits-1:0]    stream_lane_o,
  output      logic [WordBits-1:0]    stream_address_o,
  output      logic                   table_write_o,
  output      logic [9:0]             table_address_o,
  output      logic [15:0]            table_o,
  output      logic [127:0]           data_o
);

  logic                   ask_q, more_q, kind_activations, kind_rows, kind_pairs, kind_streams, kind_table, ends_word, in_parts, fifo_ready;
  logic [23:0]            words, left_q;                         // of words to come; more_q: there are some
  logic [2:0]             part_q;                                // of a word
  logic [AddressBits-1:0] place_q;
  logic [127:0]           first_q;                               // an entry's first word
  logic                   second_q;

  assign kind_activations = load_i.kind == LoadActivations;
  assign kind_rows        = load_i.kind == LoadRows;
  assign kind_pairs       = load_i.kind == LoadPairs;
  assign kind_streams     = load_i.kind == LoadStreams;
  assign kind_table       = load_i.kind == LoadTable;

  assign words        = kind_streams ? load_i.words >> 1 : load_i.words;
  assign in_parts     = kind_rows | kind_table;
  assign ends_word    = kind_rows ? part_q[0] : kind_table ? &part_q : kind_activations ? fifo_ready : 1'b1;
  assign data_ready_o = more_q & ends_word;
  assign busy_o       = ask_q | more_q | write_o;

  assign req_valid_o   = ask_q;
  assign req_beats_o   = words;
  assign req_address_o = (load_i.moves ? input_i : base_i) + {28'b0, load_i.address, 4'b0};

  assign data_o           = data_i;                             // but of activations: write_data_o
  assign row_write_o      = kind_rows & data_valid_i & more_q;
  assign row_address_o    = TableBits'(place_q);
  assign row_o            = part_q[0] ? data_i[127:64] : data_i[63:0];
  assign pair_write_o     = kind_pairs & data_valid_i & second_q & more_q;
  assign pair_o           = {data_i, first_q};
  assign pair_first_o     = 8'(place_q);
  assign stream_write_o   = kind_streams & data_valid_i & more_q;
  assign table_write_o    = kind_table & data_valid_i & more_q;
  assign table_address_o  = 10'(place_q);
  assign table_o          = data_i[16*part_q+:16];

  // Activations wait here for the memory: it is too far to be asked before a word is taken.
  sned_fifo #(
    .Width(AddressBits + 128),
    .Depth(2)
  ) i_writes (
    .clk_i,
    .rst_ni,
    .valid_i(kind_activations & data_valid_i & more_q),
    .ready_o(fifo_ready),
    .data_i ({place_q, data_i}),
    .valid_o(write_o),
    .ready_i(write_ready_i),
    .data_o ({write_address_o, write_data_o})
  );

  sned_load_walk #(.WordBits(WordBits), .Lanes(Lanes)) i_walk (
    .clk_i, .start_i, .load_i, .step_i(stream_write_o), .lane_o(stream_lane_o), .address_o(stream_address_o));

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      ask_q       <= words != '0;
      place_q     <= AddressBits'(load_i.place);
      part_q      <= '0;
      second_q    <= 1'b0;
    end else if (ask_q & req_ready_i) begin
      ask_q  <= 1'b0;
      left_q <= words;
      more_q <= 1'b1;
    end else if (data_valid_i & more_q) begin
      part_q <= ends_word ? '0 : part_q + 3'(in_parts);
      if (in_parts) place_q <= place_q + 1'b1;
      if (ends_word) begin
        left_q   <= left_q - 1'b1;
        more_q   <= left_q != 24'd1;
        second_q <= ~second_q;
        first_q  <= data_i;
        if (kind_activations) place_q <= place_q + AddressBits'(16);
      end
    end
    if (!rst_ni) begin
      ask_q  <= 1'b0;
      more_q <= 1'b0;
    end
  end

  logic unused;
  assign unused = &{1'b0, load_i};

endmodule

`default_nettype wire
