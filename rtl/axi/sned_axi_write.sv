// sned_axi_write - AXI4 write master: a request (address, beats) and as many beats of a stream, one request at a time.
//
// 128-bit data, INCR bursts of at most BurstBeats (a power of two to 64), one ID, none across 4 KB; Outstanding (a power
// of two, 2 or more) bursts wait for their answers at most. A FIFO of FifoBeats (a power of two) takes data, also ahead of its request.
//
// Latency: 2 from a request to awvalid and to its first beat of W; 1 from data_i to W. done_o is 1 for a cycle when the last answer is in:
// then everything is written. The next request may come in the cycle after.
//
// error_o stays until clear_i: 1, an answer that is not OKAY; 2, an answer that nobody waits for. The first of them counts. The request
// goes on to its end.
//
// halt_i: no more bursts; of those that were asked for, beats that are missing are made up, without strobes. When all are answered, still_o. Only
// a reset may follow.
`default_nettype none

module sned_axi_write #(
  parameter int BurstBeats = 16,
  parameter int Outstanding = 8,
  parameter int FifoBeats = 32
) (
  input  wire logic         clk_i,
  input  wire logic         rst_ni,
  input  wire logic         clear_i,
  input  wire logic         halt_i,
  output      logic [1:0]   error_o,
  output      logic         idle_o,         // no request, and no data ahead of one
  output      logic         still_o,        // no burst is on its way
  // Requests.
  input  wire logic         req_valid_i,
  output      logic         req_ready_o,
  input  wire logic [63:0]  req_address_i,  // a multiple of 16
  input  wire logic [23:0]  req_beats_i,    // 1 or more
  output      logic         done_o,
  // Their data.
  input  wire logic         data_valid_i,
  output      logic         data_ready_o,
  input  wire logic [127:0] data_i,
  // AXI4.
  output      logic [63:0]  m_axi_awaddr_o,
  output      logic [7:0]   m_axi_awlen_o,
  output      logic [2:0]   m_axi_awsize_o,
  output      logic [1:0]   m_axi_awburst_o,
  output      logic [3:0]   m_axi_awcache_o,
  output      logic [2:0]   m_axi_awprot_o,
  output      logic         m_axi_awvalid_o,
  input  wire logic         m_axi_awready_i,
  output      logic [127:0] m_axi_wdata_o,
  output      logic [15:0]  m_axi_wstrb_o,
  output      logic         m_axi_wlast_o,
  output      logic         m_axi_wvalid_o,
  input  wire logic         m_axi_wready_i,
  input  wire logic [1:0]   m_axi_bresp_i,
  input  wire logic         m_axi_bvalid_i,
  output      logic         m_axi_bready_o
);

  localparam int PendingBits = $clog2(Outstanding + 1);

  assign m_axi_awsize_o  = 3'd4;     // 16 bytes
  assign m_axi_awburst_o = 2'b01;    // INCR
  assign m_axi_awcache_o = 4'b0011;  // normal memory, not cached, bufferable
  assign m_axi_awprot_o  = 3'b000;
  assign m_axi_bready_o  = 1'b1;

  // ---- the request to bursts ----
  logic        busy_q, bursts_ready, burst_valid, begins, last_unused;
  logic [63:0] burst_address;
  logic [7:0]  burst_length;

  assign req_ready_o = ~busy_q & bursts_ready;

  sned_axi_bursts #(
    .BurstBeats(BurstBeats)
  ) i_bursts (
    .clk_i,
    .rst_ni,
    .req_valid_i  (req_valid_i & ~busy_q),
    .req_ready_o  (bursts_ready),
    .req_address_i,
    .req_beats_i,
    .valid_o      (burst_valid),
    .ready_i      (begins),
    .address_o    (burst_address),
    .length_o     (burst_length),
    .last_o       (last_unused)
  );

  // ---- bursts to AW, and to the list of what W is to bring ----
  logic                   list_ready, list_valid, answered, last_beat;
  logic [7:0]             length, beat_q;
  logic [PendingBits-1:0] pending_q;  // bursts without an answer

  assign begins   = burst_valid & (~m_axi_awvalid_o | m_axi_awready_i) & list_ready & (pending_q != PendingBits'(Outstanding)) & ~halt_i;
  assign answered = m_axi_bvalid_i & (pending_q != '0);
  assign done_o   = busy_q & ~burst_valid & ~list_valid & (pending_q == '0);

  sned_fifo #(
    .Width(8),
    .Depth(Outstanding)
  ) i_list (
    .clk_i,
    .rst_ni,
    .valid_i(begins),
    .ready_o(list_ready),
    .data_i (burst_length),
    .valid_o(list_valid),
    .ready_i(last_beat),
    .data_o (length)
  );

  always_ff @(posedge clk_i) begin
    if (begins) begin
      m_axi_awvalid_o <= 1'b1;
      m_axi_awaddr_o  <= burst_address;
      m_axi_awlen_o   <= burst_length;
    end else if (m_axi_awready_i) begin
      m_axi_awvalid_o <= 1'b0;
    end
    pending_q <= pending_q + PendingBits'(begins) - PendingBits'(answered);
    busy_q    <= busy_q ? ~done_o : req_valid_i & req_ready_o;
    if (m_axi_wvalid_o & m_axi_wready_i) beat_q <= m_axi_wlast_o ? '0 : beat_q + 1'b1;
    if (!rst_ni) begin
      m_axi_awvalid_o <= 1'b0;
      pending_q       <= '0;
      busy_q          <= 1'b0;
      beat_q          <= '0;
    end
  end

  // ---- data to W ----
  logic data_valid, fifo_ready;

  assign data_ready_o   = fifo_ready & ~halt_i;
  assign m_axi_wvalid_o = (data_valid | halt_i) & list_valid;
  assign m_axi_wstrb_o  = {16{data_valid}};
  assign m_axi_wlast_o  = beat_q == length;
  assign last_beat      = m_axi_wvalid_o & m_axi_wready_i & m_axi_wlast_o;
  assign idle_o         = ~busy_q & ~data_valid;
  assign still_o        = ~list_valid & (pending_q == '0);

  sned_fifo #(
    .Width(128),
    .Depth(FifoBeats)
  ) i_data (
    .clk_i,
    .rst_ni,
    .valid_i(data_valid_i & ~halt_i),
    .ready_o(fifo_ready),
    .data_i,
    .valid_o(data_valid),
    .ready_i(m_axi_wready_i & list_valid),
    .data_o (m_axi_wdata_o)
  );

  always_ff @(posedge clk_i) begin
    if (m_axi_bvalid_i & (error_o == 2'd0)) begin
      if (m_axi_bresp_i != 2'b00) error_o <= 2'd1;
      else if (~answered) error_o <= 2'd2;
    end
    if (!rst_ni | clear_i) error_o <= 2'd0;
  end

`ifdef SNED_CHECK
  sned_axi_check_address i_check_aw (
    .clk_i, .rst_ni, .valid_i(m_axi_awvalid_o), .ready_i(m_axi_awready_i), .address_i(m_axi_awaddr_o), .length_i(m_axi_awlen_o)
  );
  sned_axi_check_stream #(.Width(145)) i_check_w (
    .clk_i, .rst_ni, .valid_i(m_axi_wvalid_o), .ready_i(m_axi_wready_i), .data_i({m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o})
  );
  sned_axi_check_last i_check_last (
    .clk_i, .rst_ni, .address_i(m_axi_awvalid_o & m_axi_awready_i), .length_i(m_axi_awlen_o),
    .beat_i(m_axi_wvalid_o & m_axi_wready_i), .last_i(m_axi_wlast_o)
  );
`endif

endmodule

`default_nettype wire
