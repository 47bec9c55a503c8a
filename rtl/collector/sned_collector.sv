// sned_collector - takes finished sums from its lanes, a pair of filters at a time, and writes them to memory as rows of bytes.
//
// For each lane a table of its pairs, in the order in which the lane finishes them, tile after tile. A pair's Group words go through 2 x Groups scalers; then each filter's row is written to its channel
// at the tile's first place, up to `limit_i` places. A pair takes Group cycles where another lane waits.
`default_nettype none

module sned_collector
  import sned_pkg::*;
#(
  parameter int Lanes = 8,
  parameter int Pixels = 98,
  parameter int Group = 8,
  parameter int TablePairs = 64,                          // of a lane
  parameter int AddressBits = 20,
  parameter int CountBits = 12,
  localparam int Groups = (Pixels + Group - 1) / Group,
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1,
  localparam int PairBits = $clog2(TablePairs),
  localparam int EntryBits = $bits(filter_t) * 2 + 2 * AddressBits + 1
) (
  input  wire logic                       clk_i,
  input  wire logic                       rst_ni,
  // A layer; the numbers stay until every lane is done.
  input  wire logic                       start_i,
  input  wire logic [CountBits-1:0]       tiles_i,
  input  wire logic [PairBits-1:0]        pair_first_i,  // of each lane's table
  input  wire logic [AddressBits-1:0]     base_i,        // channels count from here
  input  wire logic [AddressBits-1:0]     limit_i,
  input  wire logic signed [16:0]         low_i,
  input  wire logic signed [16:0]         high_i,
  output      logic [Lanes-1:0]           done_o,        // all pairs of the lane are written
  // {ends lane, channel 1, channel 0, filter 1, filter 0}
  input  wire logic                       table_write_i,
  input  wire logic [LaneBits+PairBits-1:0] table_address_i,
  input  wire logic [EntryBits-1:0]       table_entry_i,
  // The lanes.
  input  wire logic [Lanes-1:0]           valid_i,
  output      logic [Lanes-1:0]           ready_o,
  input  wire logic [Lanes-1:0][Groups-1:0][2*SumWidth-1:0] sums_i,
  // To memory.
  output      logic                       write_o,       // as sned_rows has it
  input  wire logic                       write_ready_i,
  output      logic [AddressBits-1:0]     write_address_o,
  output      logic [Pixels-1:0]          write_enable_o,
  output      logic [Pixels-1:0][7:0]     write_data_o
);

  localparam int Scale = 7;                               // latency of sned_scale
  localparam int WordBits = $clog2(Group);

  typedef struct packed {
    logic                        ends_lane;
    logic [1:0][AddressBits-1:0] channel;
    filter_t [1:0]               filter;
  } entry_t;

  typedef struct packed {
    logic                        valid;
    logic                        ends;                    // the pair's last word
    logic                        ends_lane;
    logic [LaneBits-1:0]         lane;
    logic [WordBits-1:0]         word;
    logic [1:0]                  used;                    // filters
    logic [1:0][AddressBits-1:0] channel;
    logic [AddressBits-1:0]      place;
  } tag_t;

  logic                take, ends, ends_lane;
  logic [LaneBits-1:0] lane;
  logic [WordBits-1:0] word;
  entry_t              entry;
  logic [AddressBits-1:0] place;

  sned_turns #(
    .Lanes      (Lanes),
    .Pixels     (Pixels),
    .Group      (Group),
    .TablePairs (TablePairs),
    .AddressBits(AddressBits),
    .CountBits  (CountBits),
    .EntryBits  (EntryBits)
  ) i_turns (
    .clk_i,
    .rst_ni,
    .start_i,
    .tiles_i,
    .pair_first_i,
    .table_write_i,
    .table_address_i,
    .table_entry_i,
    .valid_i,
    .ready_o,
    .take_o     (take),
    .lane_o     (lane),
    .word_o     (word),
    .ends_o     (ends),
    .ends_lane_o(ends_lane),
    .entry_o    (entry),
    .place_o    (place)
  );

  // ---- to bytes ----
  logic [Groups-1:0][2*SumWidth-1:0] sums_q;
  filter_t [1:0]                     filter_q;
  tag_t [Scale:0]                    tag_q;
  logic [1:0][Groups-1:0][7:0]       values;

  always_ff @(posedge clk_i) begin
    sums_q   <= sums_i[lane];
    filter_q <= entry.filter;
    tag_q    <= {tag_q[Scale-1:0], tag_t'{
        valid: take, ends: ends, ends_lane: ends_lane, lane: lane, word: word, channel: entry.channel, place: place,
        used: {entry.filter[1].used, entry.filter[0].used}
    }};
    if (!rst_ni | start_i) tag_q <= '0;
  end

  for (genvar g = 0; g < Groups; g++) begin : gen_group
    for (genvar f = 0; f < 2; f++) begin : gen_filter
      sned_scale i_scale (
        .clk_i,
        .sum_i       (sums_q[g][f*SumWidth+:SumWidth]),
        .bias_i      (filter_q[f].bias),
        .multiplier_i(filter_q[f].multiplier),
        .shift_i     (filter_q[f].shift),
        .high_byte_i (filter_q[f].upper),
        .low_i,
        .high_i,
        .value_o     (values[f][g])
      );
    end
  end

  logic unused;
  assign unused = &{1'b0, entry};

  // ---- to rows ----
  sned_rows #(
    .Pixels     (Pixels),
    .Group      (Group),
    .AddressBits(AddressBits),
    .Lanes      (Lanes)
  ) i_rows (
    .clk_i,
    .rst_ni,
    .start_i,
    .base_i,
    .limit_i,
    .valid_i    (tag_q[Scale].valid),
    .word_i     (tag_q[Scale].word),
    .ends_i     (tag_q[Scale].ends),
    .values_i   (values),
    .used_i     (tag_q[Scale].used),
    .channel_i  (tag_q[Scale].channel),
    .place_i    (tag_q[Scale].place),
    .lane_i     (tag_q[Scale].lane),
    .ends_lane_i(tag_q[Scale].ends_lane),
    .done_o,
    .write_o,
    .write_ready_i,
    .write_address_o,
    .write_enable_o,
    .write_data_o
  );

endmodule

`default_nettype wire
