// sned_lane_issue - reads a lane's stream and says each cycle what its multipliers do.
//
// Every item is a header or one of the entries that it announces. Entries are grouped in rounds of RoundLength; a pair's
// last round may be shorter. The adders behind the multipliers need Drain cycles for a round, so that a round's last
// entry waits until the one before it is that long ago; and where it ends a pair for good, until room_i says that the sums
// can leave. filled_i and left_o have a bit for each half-tile, which turns when the feeder has filled it and when the lane
// has issued all it had for it: where both are equal, the half is the feeder's.
`default_nettype none

module sned_lane_issue
  import sned_pkg::*;
#(
  parameter int Drain = 8
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // The stream.
  input  wire logic                 valid_i,
  output      logic                 ready_o,
  input  wire logic [ItemWidth-1:0] item_i,
  // The half-tiles.
  input  wire logic [1:0]           filled_i,
  output      logic [1:0]           left_o,
  output      logic                 half_o,  // being read
  // An entry goes to the multipliers.
  output      logic                 issue_o,
  output      entry_t               entry_o,
  output      logic                 start_o,  // the first of its round
  output      logic                 close_o,  // the last of its round
  output      round_t               round_o,
  input  wire logic                 room_i,
  output      lane_status_t         status_o
);

  localparam int AgeWidth = $clog2(Drain + 1);

  header_t              header;
  round_t               pair_q;      // of the header
  logic                 leave_q;
  logic                 in_pair_q;   // entries are to come
  logic                 begun_q;     // the pair had a round in this half-tile
  logic [CountWidth-1:0] count_q;    // of them
  logic [2:0]           position_q;  // in the round
  logic [AgeWidth-1:0]  age_q;       // cycles since a round was closed, up to Drain
  logic                 half_q;
  logic [1:0]           left_q;
  logic                 is_last;     // count_q is 1
  logic                 closes, may_close, leaves, filled, skips;

  assign header    = header_t'(item_i);
  assign closes    = is_last | (position_q == 3'(RoundLength - 1));
  assign may_close = (age_q == AgeWidth'(Drain)) & (room_i | ~(pair_q.last & is_last));

  assign filled  = filled_i[half_q] != left_q[half_q];
  assign skips   = header.count == '0;  // a half-tile of which the lane needs nothing: it is left once it is there
  assign issue_o = valid_i & in_pair_q & filled & (~closes | may_close);
  assign ready_o = in_pair_q ? issue_o : ~skips | filled;
  assign entry_o = entry_t'(item_i);
  assign start_o = position_q == '0;
  assign close_o = closes;
  assign half_o  = half_q;
  assign round_o = '{first: pair_q.first & ~begun_q, last: pair_q.last & is_last, slot: pair_q.slot};
  assign left_o  = left_q;
  assign leaves  = in_pair_q ? issue_o & is_last & leave_q : valid_i & skips & filled & header.leave;

  assign status_o.issued      = issue_o;
  assign status_o.weights     = ~valid_i;
  assign status_o.activations = valid_i & ~filled & (in_pair_q | skips);
  assign status_o.drain       = valid_i & filled & in_pair_q & closes & ~may_close;
  assign status_o.headers     = valid_i & ~in_pair_q & ready_o;

  always_ff @(posedge clk_i) begin
    if (issue_o) begin
      count_q    <= count_q - 1'b1;
      is_last    <= count_q == CountWidth'(2);
      position_q <= closes ? '0 : position_q + 1'b1;
      begun_q    <= begun_q | closes;
      in_pair_q  <= ~is_last;
    end else if (~in_pair_q & valid_i) begin
      pair_q     <= '{first: header.first, last: header.last, slot: header.slot};
      leave_q    <= header.leave;
      count_q    <= header.count;
      is_last    <= header.count == CountWidth'(1);
      position_q <= '0;
      begun_q    <= 1'b0;
      in_pair_q  <= header.count != '0;
    end
    if (issue_o & closes) age_q <= AgeWidth'(1);
    else if (age_q != AgeWidth'(Drain)) age_q <= age_q + 1'b1;
    if (leaves) begin
      half_q         <= ~half_q;
      left_q[half_q] <= ~left_q[half_q];
    end
    if (!rst_ni) begin
      in_pair_q <= 1'b0;
      age_q     <= AgeWidth'(Drain);
      half_q    <= 1'b0;
      left_q    <= '0;
    end
  end

  logic unused;
  assign unused = &{1'b0, header.unused};

endmodule

`default_nettype wire
