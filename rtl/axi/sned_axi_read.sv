// sned_axi_read - AXI4 read master: requests of any length, in order, become one stream of beats.
//
// 128-bit data, INCR bursts of at most BurstBeats (a power of two to 64), one ID, none across 4 KB. A burst is asked for only when the
// data FIFO has room for a whole one, so rready is always 1. Requests queue (8 deep), and the next one's bursts go out while earlier
// data is in flight: Outstanding (a power of two, 2 or more) bursts at most, and FifoBeats (a power of two, BurstBeats or more) beats
// including those that wait in the FIFO. Short requests run at full rate where both exceed the memory's latency.
//
// Latency: 4 from a request to arvalid, 2 from a beat of R to data_o.
//
// error_o stays until clear_i: 1, a response that is not OKAY; 2, RLAST at the wrong beat, or a beat that nobody asked for. The first
// of them counts. Data goes on as the bus has it, beats counted as they were asked for, so that a request always ends if its beats come.
//
// halt_i: nothing more is asked for; when what was is there, still_o. Only a reset may follow.
`default_nettype none

module sned_axi_read #(
  parameter int BurstBeats = 16,
  parameter int Outstanding = 16,
  parameter int FifoBeats = 128,
  parameter int TagBits = 8
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,
  input  wire logic               clear_i,
  input  wire logic               halt_i,
  output      logic [1:0]         error_o,
  output      logic               idle_o,         // no request, nothing in flight, no data that waits
  output      logic               still_o,        // no burst is on its way
  // Requests.
  input  wire logic               req_valid_i,
  output      logic               req_ready_o,
  input  wire logic [63:0]        req_address_i,  // a multiple of 16
  input  wire logic [23:0]        req_beats_i,    // 1 or more
  input  wire logic [TagBits-1:0] req_tag_i,
  // Their data.
  output      logic               data_valid_o,
  input  wire logic               data_ready_i,
  output      logic [127:0]       data_o,
  output      logic               data_last_o,    // of its request
  output      logic [TagBits-1:0] data_tag_o,
  // AXI4.
  output      logic [63:0]        m_axi_araddr_o,
  output      logic [7:0]         m_axi_arlen_o,
  output      logic [2:0]         m_axi_arsize_o,
  output      logic [1:0]         m_axi_arburst_o,
  output      logic [3:0]         m_axi_arcache_o,
  output      logic [2:0]         m_axi_arprot_o,
  output      logic               m_axi_arvalid_o,
  input  wire logic               m_axi_arready_i,
  input  wire logic [127:0]       m_axi_rdata_i,
  input  wire logic [1:0]         m_axi_rresp_i,
  input  wire logic               m_axi_rlast_i,
  input  wire logic               m_axi_rvalid_i,
  output      logic               m_axi_rready_o
);

  localparam int RoomBits = $clog2(FifoBeats + 1);

  assign m_axi_arsize_o  = 3'd4;     // 16 bytes
  assign m_axi_arburst_o = 2'b01;    // INCR
  assign m_axi_arcache_o = 4'b0011;  // normal memory, not cached, bufferable
  assign m_axi_arprot_o  = 3'b000;
  assign m_axi_rready_o  = 1'b1;

  // ---- requests to bursts ----
  logic               next_valid, next_ready;
  logic [63:0]        next_address;
  logic [23:0]        next_beats;
  logic [TagBits-1:0] next_tag, tag_q;
  logic               burst_valid, begins, burst_last;
  logic [63:0]        burst_address;
  logic [7:0]         burst_length, cut_length;
  logic               cut_valid, cut_ready, cut_last;      // as they are cut
  logic [63:0]        cut_address;
  logic [TagBits-1:0] burst_tag;

  sned_fifo #(.Width(64 + 24 + TagBits), .Depth(8)) i_requests (
    .clk_i, .rst_ni, .valid_i(req_valid_i), .ready_o(req_ready_o), .data_i({req_address_i, req_beats_i, req_tag_i}),
    .valid_o(next_valid), .ready_i(next_ready), .data_o({next_address, next_beats, next_tag})
  );

  sned_axi_bursts #(.BurstBeats(BurstBeats)) i_bursts (
    .clk_i, .rst_ni, .req_valid_i(next_valid), .req_ready_o(next_ready), .req_address_i(next_address), .req_beats_i(next_beats),
    .valid_o(cut_valid), .ready_i(cut_ready), .address_o(cut_address), .length_o(cut_length), .last_o(cut_last)
  );

  sned_skid #(.Width(64 + 8 + 1 + TagBits)) i_burst (
    .clk_i, .rst_ni, .valid_i(cut_valid), .ready_o(cut_ready), .data_i({cut_address, cut_length, cut_last, tag_q}),
    .valid_o(burst_valid), .ready_i(begins), .data_o({burst_address, burst_length, burst_last, burst_tag})
  );

  // ---- bursts to AR, and to the list of what R is to bring ----
  logic                room, list_ready, list_valid, ends_request;
  logic [7:0]          length;
  logic [TagBits-1:0]  tag;
  logic [RoomBits-1:0] room_q;       // beats of the data FIFO that no burst was promised
  logic                push, pop, ends_burst;
  logic [7:0]          beat_q;

  assign room   = |room_q[RoomBits-1:$clog2(BurstBeats)];
  assign begins = burst_valid & (~m_axi_arvalid_o | m_axi_arready_i) & room & list_ready & ~halt_i;

  sned_fifo #(.Width(1 + 8 + TagBits), .Depth(Outstanding)) i_list (
    .clk_i, .rst_ni, .valid_i(begins), .ready_o(list_ready), .data_i({burst_last, burst_length, burst_tag}),
    .valid_o(list_valid), .ready_i(push & ends_burst), .data_o({ends_request, length, tag})
  );

  always_ff @(posedge clk_i) begin
    if (next_valid & next_ready) tag_q <= next_tag;
    if (begins) begin
      m_axi_arvalid_o <= 1'b1;
      m_axi_araddr_o  <= burst_address;
      m_axi_arlen_o   <= burst_length;
    end else if (m_axi_arready_i) begin
      m_axi_arvalid_o <= 1'b0;
    end
    room_q <= room_q + RoomBits'(pop) - (begins ? RoomBits'(burst_length) + 1'b1 : '0);
    if (push) beat_q <= ends_burst ? '0 : beat_q + 1'b1;
    if (!rst_ni) begin
      m_axi_arvalid_o <= 1'b0;
      room_q          <= RoomBits'(FifoBeats);
      beat_q          <= '0;
    end
  end

  // ---- R to the data FIFO ----
  logic                 data_ready;  // always 1: there was room before the burst was asked for
  logic                 waits, beat_ready;  // a beat in the FIFO; it can leave it
  logic [128+TagBits:0] beat;

  assign ends_burst = beat_q == length;
  assign push       = m_axi_rvalid_i & list_valid & data_ready;
  assign pop        = waits & beat_ready;
  assign idle_o     = ~(next_valid | cut_valid | burst_valid | list_valid | waits | data_valid_o);
  assign still_o    = ~(m_axi_arvalid_o | list_valid);

  sned_fifo #(
    .Width(128 + 1 + TagBits),
    .Depth(FifoBeats)
  ) i_data (
    .clk_i,
    .rst_ni,
    .valid_i(m_axi_rvalid_i & list_valid),
    .ready_o(data_ready),
    .data_i ({m_axi_rdata_i, ends_request & ends_burst, tag}),
    .valid_o(waits),
    .ready_i(beat_ready),
    .data_o (beat)
  );

  // What becomes of a beat depends on its tag: so it leaves from registers.
  sned_skid #(
    .Width(128 + 1 + TagBits)
  ) i_beat (
    .clk_i,
    .rst_ni,
    .valid_i(waits),
    .ready_o(beat_ready),
    .data_i (beat),
    .valid_o(data_valid_o),
    .ready_i(data_ready_i),
    .data_o ({data_o, data_last_o, data_tag_o})
  );

  always_ff @(posedge clk_i) begin
    if (m_axi_rvalid_i & (error_o == 2'd0)) begin
      if (m_axi_rresp_i != 2'b00) error_o <= 2'd1;
      else if (~list_valid | (m_axi_rlast_i != ends_burst)) error_o <= 2'd2;
    end
    if (!rst_ni | clear_i) error_o <= 2'd0;
  end

`ifdef SNED_CHECK
  sned_axi_check_address i_check_ar (
    .clk_i, .rst_ni, .valid_i(m_axi_arvalid_o), .ready_i(m_axi_arready_i), .address_i(m_axi_araddr_o), .length_i(m_axi_arlen_o)
  );
  sned_axi_check_stream #(.Width(131)) i_check_r (
    .clk_i, .rst_ni, .valid_i(m_axi_rvalid_i), .ready_i(m_axi_rready_o), .data_i({m_axi_rdata_i, m_axi_rresp_i, m_axi_rlast_i})
  );
  always_ff @(posedge clk_i) if (rst_ni & m_axi_rvalid_i) assert (data_ready) else $error("R comes without room for it");
`endif

endmodule

`default_nettype wire
