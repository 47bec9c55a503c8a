// sned_pkg - numbers and words that all modules share. src/accel/stream.h and golden_lane.h have the same for C; the test benches of
// tests/rtl.sh put C's streams into these modules, and fail where the two differ.
`default_nettype none

package sned_pkg;

  // Products that a DSP adds before its sums are taken: 8 x 127 x 255 < 2^18, so the lower sum fits PairShift bits.
  localparam int RoundLength = 8;
  localparam int PairShift = 19;
  localparam int RoundWidth = 2 * PairShift;  // both sums of a round, before the upper takes back the lower's borrow
  localparam int PackedWidth = 27;            // (w1 << PairShift) + w0
  localparam int SumWidth = 27;               // of a filter; the compiler proves that it holds
  localparam int PixelWidth = 9;              // an activation with its sign, signed or not

  // A lane's stream: for each pair of filters in each half-tile a header, then its entries.
  localparam int ItemWidth = 24;
  localparam int CountWidth = 9;
  localparam int SlotWidth = 6;

  typedef struct packed {
    logic signed [7:0] weight1;
    logic signed [7:0] weight0;
    logic [7:0]        row;      // of the half-tile
  } entry_t;

  typedef struct packed {
    logic [5:0]            unused;
    logic                  leave;  // the lane's last pair in this half-tile
    logic                  last;   // the pair's last half-tile: its sums are complete
    logic                  first;  // the pair's first half-tile: its sums begin at 0
    logic [SlotWidth-1:0]  slot;   // where its sums wait between half-tiles
    logic [CountWidth-1:0] count;  // entries that follow; 0: only `leave` counts
  } header_t;

  // What goes along with the last entry of a round.
  typedef struct packed {
    logic                 first;  // the sums begin at 0
    logic                 last;   // the sums leave the lane
    logic [SlotWidth-1:0] slot;
  } round_t;

  // How a filter's sums become bytes: sned_scale.
  typedef struct packed {
    logic                       used;
    logic [5:0]                 shift;
    logic [15:0]                multiplier;
    logic signed [SumWidth-1:0] bias;
  } filter_t;

endpackage

`default_nettype wire
