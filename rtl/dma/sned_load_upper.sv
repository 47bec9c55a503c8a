// sned_load_upper - brings the streams of the upper half of the lanes, the second half of a load's words, while sned_load brings the first.
//
// It shares its port with the list of descriptors, whose readers must not wait for long: so it asks for Chunk words at a time, and for no more than
// 3 Chunk ahead of their coming.
`default_nettype none

module sned_load_upper
  import sned_pkg::*;
#(
  parameter int WordBits = 12,                                   // of a stream buffer's address
  parameter int Lanes = 8,                                       // of the upper half
  parameter int Chunk = 32,
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,
  input  wire logic                start_i,
  input  wire load_t               load_i,                       // constant while busy_o
  output      logic                busy_o,
  input  wire logic [63:0]         base_i,
  // DDR; its data is never refused.
  output      logic                req_valid_o,
  input  wire logic                req_ready_i,
  output      logic [63:0]         req_address_o,
  output      logic [23:0]         req_beats_o,
  input  wire logic                data_valid_i,
  // Of this half.
  output      logic                stream_write_o,
  output      logic [LaneBits-1:0] stream_lane_o,
  output      logic [WordBits-1:0] stream_address_o
);

  localparam int ChunkBits = $clog2(Chunk + 1);
  localparam int AheadBits = $clog2(3 * Chunk + 1);

  logic [23:0]          ask_q, left_q;                           // words to ask for; to come
  logic [31:0]          address_q;
  logic [AheadBits-1:0] ahead_q;                                 // asked for, and not there
  logic [23:0]          words;
  logic                 asks, found_q;                           // there is room for chunk_q
  logic [ChunkBits-1:0] chunk_q;

  assign req_valid_o      = found_q;
  assign req_beats_o      = 24'(chunk_q);
  assign req_address_o    = base_i + {28'b0, address_q, 4'b0};
  assign asks             = req_valid_o & req_ready_i;
  assign busy_o           = left_q != '0;
  assign stream_write_o   = data_valid_i & busy_o;
  assign words            = load_i.kind == LoadStreams ? load_i.words >> 1 : '0;

  sned_load_walk #(.WordBits(WordBits), .Lanes(Lanes)) i_walk (
    .clk_i, .start_i, .load_i, .step_i(stream_write_o), .lane_o(stream_lane_o), .address_o(stream_address_o));

  always_ff @(posedge clk_i) begin
    if (asks) begin
      ask_q     <= ask_q - req_beats_o;
      address_q <= address_q + 32'(req_beats_o);
    end
    found_q <= found_q ? ~asks : (ask_q != '0) & (ahead_q <= AheadBits'(2 * Chunk));
    if (~found_q) chunk_q <= ask_q < 24'(Chunk) ? ChunkBits'(ask_q) : ChunkBits'(Chunk);
    ahead_q <= ahead_q + (asks ? AheadBits'(req_beats_o) : '0) - AheadBits'(data_valid_i);
    if (stream_write_o) left_q <= left_q - 1'b1;
    if (start_i) begin
      ask_q     <= words;
      left_q    <= words;
      address_q <= load_i.address + 32'(words);
      ahead_q   <= '0;
      found_q   <= 1'b0;
    end
    if (!rst_ni) begin
      ask_q   <= '0;
      found_q <= 1'b0;
      left_q  <= '0;
      ahead_q <= '0;
    end
  end

  logic unused;
  assign unused = &{1'b0, load_i};

endmodule

`default_nettype wire
