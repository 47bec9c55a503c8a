// sned_pkg - numbers and words that all modules share. src/accel/program/stream.h and src/accel/golden/lane.h have the same for C; the test
// benches of tests/rtl.sh put C's streams into these modules, and fail where the two differ.
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
    logic                       upper;  // the upper bytes of wide numbers
    logic                       used;
    logic [5:0]                 shift;
    logic [15:0]                multiplier;
    logic signed [SumWidth-1:0] bias;
  } filter_t;

  // What a lane does in a cycle, for sned_counters: one bit is 1.
  typedef struct packed {
    logic headers;      // reads a header, or leaves a half-tile of which it needs nothing
    logic drain;        // waits until its adders or the collector can take the round's sums
    logic activations;  // waits for the half-tile
    logic weights;      // there is no item
    logic issued;       // an entry goes to the multipliers
  } lane_status_t;

  localparam int LaneCounts = $bits(lane_status_t);

  // ---- descriptors: src/accel/program/descriptor.h draws them ----
  localparam int DescriptorWidth = 512;
  localparam int BodyWidth = 448;
  localparam int PlaceWidth = 24;                           // a byte of the activation memory
  localparam int SizeWidth = 12;                            // rows, columns, pitches

  typedef logic [PlaceWidth-1:0] place_t;
  typedef logic [SizeWidth-1:0]  extent_t;

  // Units, and what their descriptors' number is.
  localparam int UnitLoad = 0;
  localparam int UnitConv = 1;
  localparam int UnitVector = 2;
  localparam int UnitFc = 3;
  localparam int UnitStore = 4;
  localparam int UnitEnd = 15;  // the list ends here
  localparam int Units = 5;

  typedef struct packed {
    logic [BodyWidth-1:0] body;     // load_t, conv_t ...
    logic [23:0]          unused;
    logic [15:0]          layer;
    logic [7:0]           post;     // units that get a token when it is done
    logic [7:0]           wait_for; // units that must have given one
    logic [7:0]           unit;
  } descriptor_t;

  typedef enum logic [2:0] {
    LoadNothing     = 3'd0,
    LoadActivations = 3'd1,
    LoadRows        = 3'd2,
    LoadPairs       = 3'd3,
    LoadStreams     = 3'd4,
    LoadTable       = 3'd5
  } load_kind_t;

  typedef struct packed {
    logic [BodyWidth-101:0] unused;
    logic [15:0]            lane_words;
    logic [23:0]            place;
    logic [23:0]            words;      // of 16 bytes
    logic [31:0]            address;    // in units of 16 bytes
    logic                   moves;      // counts from this image's input rather than from the program
    logic [2:0]             kind;       // load_kind_t
  } load_t;

  typedef struct packed {
    logic [BodyWidth-82:0]  unused;
    place_t                 place;
    logic [23:0]            words;
    logic [31:0]            address;
    logic                   moves;
  } store_t;

  // A pass of pairs of filters over a run of tiles: sned_feeder and sned_collector say what the numbers mean.
  typedef struct packed {
    logic [BodyWidth-312:0] unused;
    extent_t                first_column; // the first tile's place in the raster, and that modulo pitch
    place_t                 first;
    logic [31:0]            active;     // a bit for each lane that has pairs
    logic signed [16:0]     high;       // the clamp
    logic signed [16:0]     low;
    place_t                 out_limit;
    place_t                 out_base;
    logic [15:0]            stream_first;
    logic [7:0]             pair_first;
    logic [15:0]            row_first;
    logic [11:0]            last_rows;
    logic [11:0]            halves;
    logic [11:0]            tiles;
    extent_t                step;
    extent_t                width;
    extent_t                pitch;
    place_t                 limit;
    place_t                 base;
    logic                   is_signed;
  } conv_t;

  // A word of 16 bytes of a lane's stream.
  localparam int WordItems = 5;

  // The vector unit's work. All planes are rows of `pitch` bytes; numbers that an operation does not name are 0.
  typedef enum logic [2:0] {
    VectorMax     = 3'd0,  // largest of each window; 1 x 1: a copy, of every stride-th pixel
    VectorAverage = 3'd1,  // sum of each window, scaled; positions outside the image count as 0
    VectorAdd     = 3'd2,  // `length` bytes: clamp(floor((a multiplier + b second_multiplier + 2^(shift - 1)) / 2^shift))
    VectorLrn     = 3'd3,  // `channels` planes of `length` bytes, docs/arithmetic.md
    VectorReduce  = 3'd4   // sum of each plane, scaled like VectorAverage
  } vector_operation_t;

  typedef struct packed {
    logic [BodyWidth-394-1:0] unused;
    logic                wide;              // of averages and reduces: results have 16 bits, their upper bytes go to second + ...
    logic [3:0]          lrn_size;          // 1 to 15 channels
    logic [3:0]          lrn_after;         // floor(size / 2)
    logic signed [16:0]  high;              // the clamp
    logic signed [16:0]  low;
    logic [5:0]          shift;             // 1 to 62
    logic [15:0]         second_multiplier;
    logic [15:0]         multiplier;
    logic [23:0]         length;
    logic [15:0]         channels;
    extent_t               out_pitch;
    extent_t               out_width;
    extent_t               out_height;
    logic [7:0]          pad_left;
    logic [7:0]          pad_top;
    logic [7:0]          kernel_width;
    logic [7:0]          kernel_height;
    extent_t               segment_step;      // outputs of a segment x stride to the right
    logic [3:0]          stride_right;
    logic [3:0]          stride_down;
    place_t              row_step;          // stride down x pitch
    extent_t               pitch;
    extent_t               width;
    extent_t               height;
    place_t              out_plane;         // bytes from a channel to the next
    place_t              out_base;
    place_t              plane;
    place_t              second;            // VectorAdd: where b lies; wide: where upper bytes go
    place_t              base;
    logic                second_signed;     // b's bytes
    logic                is_signed;         // the input's bytes
    vector_operation_t   operation;
  } vector_t;

  // ---- the FC engine: src/accel/program/fc_stream.h draws its streams ----
  localparam int FcPorts = 4;                               // at most
  localparam int FcEntries = 10;                            // of a beat
  localparam int FcGapWidth = 5;

  // A Gemm. Input i is byte base + c plane + y pitch + x with i = (c height + y) width + x. A port's blocks lie in DDR from
  // ddr_base + 16 port[p] on.
  typedef struct packed {
    logic [BodyWidth-329:0]   unused;
    logic [FcPorts-1:0][31:0] port;
    logic                     wide;         // results have 16 bits: lower bytes to out_base + k, upper to second + k
    logic signed [16:0]       high;         // the clamp
    logic signed [16:0]       low;
    logic [15:0]              outputs;
    logic [15:0]              inputs;
    extent_t                    height;
    extent_t                    width;
    extent_t                    pitch;
    place_t                   second;
    place_t                   out_base;
    place_t                   plane;
    place_t                   base;
    logic                     is_signed;    // the inputs' bytes
  } fc_t;

  // Of all bits at most one.
  function automatic logic one_or_none(logic [15:0] bits);
    return (bits & (bits - 1'b1)) == '0;
  endfunction

endpackage

`default_nettype wire
