// sned_top - the accelerator as a design takes it: AXI4-Lite registers, an interrupt, and AXI4 ports to memory.
//
// Read ports: 0 loads, 1 the list of descriptors and the upper lanes' streams, from 2 on the FC engine's. One write port, for stores. After an error no descriptor begins, and
// memory is asked for nothing more. Then, or at any time, a reset by register brings all but the registers back; it is over when bursts on their way are
// (sned_reset), so nothing of the run before comes after it.
`default_nettype none

module sned_top
  import sned_pkg::*;
#(
  parameter logic [127:0] Name = "zcu104",
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
  parameter int ReadBeats = 128, // of a read port's FIFO
  parameter int LimitBits = 24,  // a run in which nothing begins or ends for 2^LimitBits cycles is an error
  localparam int Reads = 2 + FcReads
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,
  output      logic                     interrupt_o,
  // What each unit does, and for which layer.
  output      logic [Units-1:0]         active_o,
  output      logic [Units-1:0][15:0]   layer_o,
  input  wire logic [11:0]              s_axi_awaddr_i,
  input  wire logic                     s_axi_awvalid_i,
  output      logic                     s_axi_awready_o,
  input  wire logic [31:0]              s_axi_wdata_i,
  input  wire logic [3:0]               s_axi_wstrb_i,
  input  wire logic                     s_axi_wvalid_i,
  output      logic                     s_axi_wready_o,
  output      logic [1:0]               s_axi_bresp_o,
  output      logic                     s_axi_bvalid_o,
  input  wire logic                     s_axi_bready_i,
  input  wire logic [11:0]              s_axi_araddr_i,
  input  wire logic                     s_axi_arvalid_i,
  output      logic                     s_axi_arready_o,
  output      logic [31:0]              s_axi_rdata_o,
  output      logic [1:0]               s_axi_rresp_o,
  output      logic                     s_axi_rvalid_o,
  input  wire logic                     s_axi_rready_i,
  output      logic [Reads-1:0][63:0]   m_axi_araddr_o,
  output      logic [Reads-1:0][7:0]    m_axi_arlen_o,
  output      logic [Reads-1:0][2:0]    m_axi_arsize_o,
  output      logic [Reads-1:0][1:0]    m_axi_arburst_o,
  output      logic [Reads-1:0][3:0]    m_axi_arcache_o,
  output      logic [Reads-1:0][2:0]    m_axi_arprot_o,
  output      logic [Reads-1:0]         m_axi_arvalid_o,
  input  wire logic [Reads-1:0]         m_axi_arready_i,
  input  wire logic [Reads-1:0][127:0]  m_axi_rdata_i,
  input  wire logic [Reads-1:0][1:0]    m_axi_rresp_i,
  input  wire logic [Reads-1:0]         m_axi_rlast_i,
  input  wire logic [Reads-1:0]         m_axi_rvalid_i,
  output      logic [Reads-1:0]         m_axi_rready_o,
  output      logic [63:0]              m_axi_awaddr_o,
  output      logic [7:0]               m_axi_awlen_o,
  output      logic [2:0]               m_axi_awsize_o,
  output      logic [1:0]               m_axi_awburst_o,
  output      logic [3:0]               m_axi_awcache_o,
  output      logic [2:0]               m_axi_awprot_o,
  output      logic                     m_axi_awvalid_o,
  input  wire logic                     m_axi_awready_i,
  output      logic [127:0]             m_axi_wdata_o,
  output      logic [15:0]              m_axi_wstrb_o,
  output      logic                     m_axi_wlast_o,
  output      logic                     m_axi_wvalid_o,
  input  wire logic                     m_axi_wready_i,
  input  wire logic [1:0]               m_axi_bresp_i,
  input  wire logic                     m_axi_bvalid_i,
  output      logic                     m_axi_bready_o
);

  logic        register_write, register_read, start, reset, resetting, next, busy, fc_error, core_rst_n, axi_rst_n, halt;
  logic [11:0] register_address;
  logic [31:0] register_data, register_value, images, input_step, output_step;
  logic [63:0] base, list, input_first, output_first, input_q, output_q;
  logic [21:0] count;
  logic [1:0]  control_error, write_error;
  logic [7:0]  error_q;
  logic [31:0] select, counter;
  logic [LaneCounts-1:0][$clog2(Lanes+1)-1:0] lanes;

  logic [Units-1:0]        unit_start, unit_busy;
  descriptor_t [Units-1:0] descriptor;

  // List, upper streams: port 1's.
  logic [1:0]              share_valid, share_ready, share_data;
  logic [1:0][63:0]        share_address;
  logic [1:0][23:0]        share_beats;

  logic [Reads-1:0]        req_valid, req_ready, data_valid, data_ready, data_last, read_failed, read_idle, read_still;
  logic [Reads-1:0][63:0]  req_address;
  logic [Reads-1:0][23:0]  req_beats;
  logic [Reads-1:0][7:0]   req_tag, data_tag;
  logic [Reads-1:0][127:0] data;
  logic [Reads-1:0][1:0]   read_error;
  logic                    store_req_valid, store_req_ready, store_valid, store_ready, store_done, write_idle, write_still;
  logic [63:0]             store_req_address;
  logic [23:0]             store_req_beats;
  logic [127:0]            store_data;

  sned_axi_lite i_lite (.clk_i, .rst_ni, .write_o(register_write), .read_o(register_read), .address_o(register_address),
    .data_o(register_data), .read_data_i(register_value), .s_axi_awaddr_i, .s_axi_awvalid_i, .s_axi_awready_o, .s_axi_wdata_i,
    .s_axi_wstrb_i, .s_axi_wvalid_i, .s_axi_wready_o, .s_axi_bresp_o, .s_axi_bvalid_o, .s_axi_bready_i, .s_axi_araddr_i,
    .s_axi_arvalid_i, .s_axi_arready_o, .s_axi_rdata_o, .s_axi_rresp_o, .s_axi_rvalid_o, .s_axi_rready_i);

  sned_registers #(.Name(Name)) i_registers (.clk_i, .rst_ni, .write_i(register_write), .read_i(register_read),
    .address_i(register_address), .data_i(register_data), .read_data_o(register_value), .interrupt_o, .start_o(start), .reset_o(reset), .resetting_i(resetting),
    .base_o(base), .list_o(list), .count_o(count), .images_o(images), .input_o(input_first), .input_step_o(input_step),
    .output_o(output_first), .output_step_o(output_step), .busy_i(busy), .error_i(error_q), .select_o(select), .counter_i(counter));

  sned_reset i_reset (.clk_i, .rst_ni, .reset_i(reset), .error_i(error_q != '0), .still_i((&read_still) & write_still),
    .core_rst_no(core_rst_n), .axi_rst_no(axi_rst_n), .halt_o(halt), .busy_o(resetting));

  sned_control #(.LimitBits(LimitBits)) i_control (.clk_i, .rst_ni(core_rst_n), .hold_i(halt), .start_i(start), .list_i(list), .count_i(count), .images_i(images), .next_o(next),
    .busy_o(busy), .error_o(control_error), .req_valid_o(share_valid[0]), .req_ready_i(share_ready[0]), .req_address_o(share_address[0]),
    .req_beats_o(share_beats[0]), .data_valid_i(share_data[0]), .data_i(data[1]), .start_o(unit_start),
    .descriptor_o(descriptor), .unit_busy_i(unit_busy), .active_o);

  sned_core #(.Lanes(Lanes), .Columns(Columns), .Pixels(Pixels), .HalfRows(HalfRows), .Slots(Slots), .Group(Group),
    .TableRows(TableRows), .TablePairs(TablePairs), .StreamWords(StreamWords), .LineBytes(LineBytes), .Lines(Lines),
    .Multipliers(Multipliers), .LrnLanes(LrnLanes), .AddLanes(AddLanes), .FcReads(FcReads), .FcLanes(FcLanes), .FcRows(FcRows)
  ) i_core (.clk_i, .rst_ni(core_rst_n), .start_i(unit_start), .descriptor_i(descriptor), .busy_o(unit_busy), .error_o(fc_error), .lanes_o(lanes),
    .base_i(base), .input_i(input_q), .output_i(output_q), .load_req_valid_o(req_valid[0]), .load_req_ready_i(req_ready[0]),
    .load_req_address_o(req_address[0]), .load_req_beats_o(req_beats[0]), .load_valid_i(data_valid[0]), .load_ready_o(data_ready[0]),
    .load_data_i(data[0]), .upper_req_valid_o(share_valid[1]), .upper_req_ready_i(share_ready[1]), .upper_req_address_o(share_address[1]),
    .upper_req_beats_o(share_beats[1]), .upper_valid_i(share_data[1]), .upper_data_i(data[1]), .store_req_valid_o(store_req_valid), .store_req_ready_i(store_req_ready),
    .store_req_address_o(store_req_address), .store_req_beats_o(store_req_beats), .store_valid_o(store_valid),
    .store_ready_i(store_ready), .store_data_o(store_data), .store_done_i(store_done), .fc_req_valid_o(req_valid[Reads-1:2]),
    .fc_req_ready_i(req_ready[Reads-1:2]), .fc_req_address_o(req_address[Reads-1:2]), .fc_req_beats_o(req_beats[Reads-1:2]),
    .fc_req_tag_o(req_tag[Reads-1:2]), .fc_valid_i(data_valid[Reads-1:2]), .fc_ready_o(data_ready[Reads-1:2]),
    .fc_data_i(data[Reads-1:2]), .fc_last_i(data_last[Reads-1:2]), .fc_tag_i(data_tag[Reads-1:2]));
  assign req_tag[0] = '0;

  sned_axi_share i_share (.req_valid_i(share_valid), .req_ready_o(share_ready), .req_address_i(share_address), .req_beats_i(share_beats),
    .data_valid_o(share_data), .req_valid_o(req_valid[1]), .req_ready_i(req_ready[1]), .req_address_o(req_address[1]),
    .req_beats_o(req_beats[1]), .req_tag_o(req_tag[1][0]), .data_valid_i(data_valid[1]), .data_tag_i(data_tag[1][0]));
  assign req_tag[1][7:1] = '0;
  assign data_ready[1]   = 1'b1;

  for (genvar p = 0; p < Reads; p++) begin : gen_read
    sned_axi_read #(.FifoBeats(ReadBeats)) i_read (.clk_i, .rst_ni(axi_rst_n), .clear_i(1'b0), .halt_i(halt), .error_o(read_error[p]), .idle_o(read_idle[p]), .still_o(read_still[p]),
      .req_valid_i(req_valid[p]), .req_ready_o(req_ready[p]), .req_address_i(req_address[p]), .req_beats_i(req_beats[p]),
      .req_tag_i(req_tag[p]), .data_valid_o(data_valid[p]), .data_ready_i(data_ready[p]), .data_o(data[p]), .data_last_o(data_last[p]),
      .data_tag_o(data_tag[p]), .m_axi_araddr_o(m_axi_araddr_o[p]), .m_axi_arlen_o(m_axi_arlen_o[p]),
      .m_axi_arsize_o(m_axi_arsize_o[p]), .m_axi_arburst_o(m_axi_arburst_o[p]), .m_axi_arcache_o(m_axi_arcache_o[p]),
      .m_axi_arprot_o(m_axi_arprot_o[p]), .m_axi_arvalid_o(m_axi_arvalid_o[p]), .m_axi_arready_i(m_axi_arready_i[p]),
      .m_axi_rdata_i(m_axi_rdata_i[p]), .m_axi_rresp_i(m_axi_rresp_i[p]), .m_axi_rlast_i(m_axi_rlast_i[p]),
      .m_axi_rvalid_i(m_axi_rvalid_i[p]), .m_axi_rready_o(m_axi_rready_o[p]));
    assign read_failed[p] = read_error[p] != '0;
  end

  sned_axi_write i_write (.clk_i, .rst_ni(axi_rst_n), .clear_i(1'b0), .halt_i(halt), .error_o(write_error), .idle_o(write_idle),
    .still_o(write_still), .req_valid_i(store_req_valid), .req_ready_o(store_req_ready), .req_address_i(store_req_address), .req_beats_i(store_req_beats), .done_o(store_done),
    .data_valid_i(store_valid), .data_ready_o(store_ready), .data_i(store_data), .m_axi_awaddr_o, .m_axi_awlen_o, .m_axi_awsize_o,
    .m_axi_awburst_o, .m_axi_awcache_o, .m_axi_awprot_o, .m_axi_awvalid_o, .m_axi_awready_i, .m_axi_wdata_o, .m_axi_wstrb_o,
    .m_axi_wlast_o, .m_axi_wvalid_o, .m_axi_wready_i, .m_axi_bresp_i, .m_axi_bvalid_i, .m_axi_bready_o);

  sned_counters #(.Lanes(Lanes), .FcReads(FcReads)) i_counters (.clk_i, .rst_ni(core_rst_n), .start_i(start), .active_i(active_o), .layer_i(layer_o),
    .lanes_i(lanes), .load_i({share_data[1], data_valid[0] & data_ready[0]}), .fc_i(data_valid[Reads-1:2] & data_ready[Reads-1:2]), .select_i(select),
    .value_o(counter));

  for (genvar u = 0; u < Units; u++) begin : gen_layer
    assign layer_o[u] = descriptor[u].layer;
  end

  // Where this image lies; and what went wrong first: src/accel/program/registers.h names the codes.
  always_ff @(posedge clk_i) begin
    if (start) begin
      input_q  <= input_first;
      output_q <= output_first;
    end else if (next) begin
      input_q  <= input_q + 64'(input_step);
      output_q <= output_q + 64'(output_step);
    end
    if (error_q == '0)
      error_q <= |read_failed ? 8'd4 : write_error != '0 ? 8'd5 : fc_error ? 8'd6 : {6'b0, control_error};
    if (!core_rst_n) error_q <= '0;
  end

  logic unused;
  assign unused = &{1'b0, read_idle, write_idle, data_last[1:0], data_tag[1:0]};

endmodule

`default_nettype wire
