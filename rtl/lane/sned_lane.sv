// sned_lane - two filters x Pixels pixels: a private tile of activation rows, a DSP for each pixel, adders, waiting sums.
//
// The feeder writes rows of Pixels activations into one half of the tile while the lane reads the other. The stream
// (sned_lane_issue) names a row and two weights a cycle. Finished sums leave Groups at a time: in word j of a pair's
// Group words lane pixel g * Group + j for each g, as {upper filter, lower filter}; those from Pixels on are of no use.
// From issue to a sum in the FIFO: 10 cycles.
`default_nettype none

module sned_lane
  import sned_pkg::*;
#(
  parameter int Pixels = 98,
  parameter int HalfRows = 256,
  parameter int Slots = 16,
  parameter int Group = 8,
  parameter int Waiting = 32 / Group,                 // pairs whose sums are on their way out or wait
  localparam int Groups = (Pixels + Group - 1) / Group,
  localparam int RowBits = $clog2(HalfRows)
) (
  input  wire logic                            clk_i,
  input  wire logic                            rst_ni,
  input  wire logic                            signed_i,      // activations are signed: constant while a layer runs
  // From the feeder.
  input  wire logic                            write_i,
  input  wire logic [RowBits:0]                write_row_i,   // half, row
  input  wire logic [Pixels-1:0][7:0]          write_data_i,
  input  wire logic [1:0]                      filled_i,
  output      logic [1:0]                      left_o,        // as sned_lane_issue has it, once the last row is read
  // The stream.
  input  wire logic                            valid_i,
  output      logic                            ready_o,
  input  wire logic [ItemWidth-1:0]            item_i,
  // To the collector.
  output      logic                            valid_o,
  input  wire logic                            ready_i,
  output      logic [Groups-1:0][2*SumWidth-1:0] sums_o,
  output      lane_status_t                    status_o       // of the cycle before
);

  localparam int Mac = 3;                              // latency of sned_mac
  localparam int Read = 3;                             // from issue to the row at the multipliers
  localparam int WaitingWords = 1 << $clog2(Waiting * Group);
  localparam int RoomWidth = $clog2(WaitingWords + 1);

  logic                             issue, start, close, half, room;
  logic [1:0]                       left;
  entry_t                           entry;
  round_t                           round;
  logic                             issue_q;
  entry_t                           entry_q;
  logic                             start_q, half_q;
  logic [Pixels-1:0][7:0]           row;
  logic signed [PackedWidth-1:0]    packed_q2, packed_q3;
  logic [Read-1:1]                  start_d, valid_d;   // [2]: beside packed_q2 and the row's address ... [Read-1]
  logic [Read+Mac-1:0]              close_d;
  logic [Read-1:0][1:0]             left_d;
  round_t [Read+Mac-1:0]            round_d;
  logic [Groups*Group-1:0][RoundWidth-1:0] rounds;
  logic [Groups-1:0]                drained;
  logic [Groups-1:0][2*SumWidth-1:0] sums;
  logic [RoomWidth-1:0]             taken_q;            // words of the FIFO that are filled or promised
  logic                             promise, fifo_ready;
  lane_status_t                     status;

  sned_lane_issue #(
    .Drain(Group)
  ) i_issue (
    .clk_i,
    .rst_ni,
    .valid_i,
    .ready_o,
    .item_i,
    .filled_i,
    .left_o (left),
    .half_o (half),
    .issue_o(issue),
    .entry_o(entry),
    .start_o(start),
    .close_o(close),
    .round_o(round),
    .room_i (room),
    .status_o(status)
  );

  sned_ram #(
    .Width(8 * Pixels),
    .Depth(2 * HalfRows)
  ) i_tile (
    .clk_i,
    .write_i,
    .write_address_i(write_row_i),
    .write_data_i   (write_data_i),
    .read_address_i ({half_q, entry_q.row[RowBits-1:0]}),
    .read_data_o    (row)
  );

  // Weights, and what belongs to them, keep step with the row: one cycle for its address, two in the RAM.
  always_ff @(posedge clk_i) begin
    status_o  <= status;
    issue_q   <= issue;
    entry_q   <= entry;
    start_q   <= start;
    half_q    <= half;
    packed_q2 <= (PackedWidth'(entry_q.weight1) <<< PairShift) + PackedWidth'(entry_q.weight0);
    packed_q3 <= packed_q2;
    start_d   <= {start_d[Read-2:1], start_q};
    valid_d   <= {valid_d[Read-2:1], issue_q};
    close_d   <= {close_d[Read+Mac-2:0], issue & close};
    round_d   <= {round_d[Read+Mac-2:0], round};
    left_d    <= {left_d[Read-2:0], left};
    if (!rst_ni) begin
      issue_q <= 1'b0;
      valid_d <= '0;
      close_d <= '0;
      left_d  <= '0;
    end
  end

  assign left_o = left_d[Read-1];

  for (genvar p = 0; p < Groups * Group; p++) begin : gen_pixel
    if (p < Pixels) begin : gen_mac
      sned_mac i_mac (
        .clk_i,
        .packed_i(packed_q3),
        .pixel_i ({signed_i & row[p][7], row[p]}),
        .start_i (start_d[Read-1]),
        .valid_i (valid_d[Read-1]),
        .sum_o   (rounds[p])
      );
    end else begin : gen_none
      assign rounds[p] = '0;
    end
  end

  for (genvar g = 0; g < Groups; g++) begin : gen_group
    sned_drain #(
      .Group(Group),
      .Slots(Slots)
    ) i_drain (
      .clk_i,
      .rst_ni,
      .take_i  (close_d[Read+Mac-1]),
      .round_i (round_d[Read+Mac-1]),
      .rounds_i(rounds[g*Group+:Group]),
      .valid_o (drained[g]),
      .sums_o  (sums[g])
    );
  end

  // A pair's words are promised room when its last round is closed, so that the adders need not stall.
  assign promise = issue & close & round.last;
  assign room    = taken_q <= RoomWidth'(WaitingWords - Group);

  always_ff @(posedge clk_i) begin
    taken_q <= taken_q + (promise ? RoomWidth'(Group) : '0) - RoomWidth'({valid_o & ready_i});
    if (!rst_ni) taken_q <= '0;
  end

  sned_fifo #(
    .Width(Groups * 2 * SumWidth),
    .Depth(WaitingWords)
  ) i_waiting (
    .clk_i,
    .rst_ni,
    .valid_i(drained[0]),
    .ready_o(fifo_ready),
    .data_i (sums),
    .valid_o,
    .ready_i,
    .data_o (sums_o)
  );

  logic unused;
  assign unused = &{1'b0, fifo_ready, drained};

endmodule

`default_nettype wire
