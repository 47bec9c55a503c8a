// sned_axi_lite - AXI4-Lite slave (32-bit data, 12-bit addresses) to a bus of registers.
//
// write_o and read_o are 1 for a cycle each, never both, with address_o and for a write data_o. read_data_i is taken
// at the end of the cycle ReadLatency (1 or more) cycles after read_o's. AW and W may come in any order and apart. Whole words only: strobes
// that are not all on, or an address that is no multiple of 4, get SLVERR and no write_o or read_o. One write and one read are under way at
// a time; neither keeps the other from going on.
//
// Latency: 1 from AW and W to write_o, 2 to bvalid; 1 from AR to read_o (2 where a write goes first), ReadLatency + 2 to rvalid.
`default_nettype none

module sned_axi_lite #(
  parameter int ReadLatency = 3
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  // Registers.
  output      logic        write_o,
  output      logic        read_o,
  output      logic [11:0] address_o,
  output      logic [31:0] data_o,
  input  wire logic [31:0] read_data_i,
  // AXI4-Lite.
  input  wire logic [11:0] s_axi_awaddr_i,
  input  wire logic        s_axi_awvalid_i,
  output      logic        s_axi_awready_o,
  input  wire logic [31:0] s_axi_wdata_i,
  input  wire logic [3:0]  s_axi_wstrb_i,
  input  wire logic        s_axi_wvalid_i,
  output      logic        s_axi_wready_o,
  output      logic [1:0]  s_axi_bresp_o,
  output      logic        s_axi_bvalid_o,
  input  wire logic        s_axi_bready_i,
  input  wire logic [11:0] s_axi_araddr_i,
  input  wire logic        s_axi_arvalid_i,
  output      logic        s_axi_arready_o,
  output      logic [31:0] s_axi_rdata_o,
  output      logic [1:0]  s_axi_rresp_o,
  output      logic        s_axi_rvalid_o,
  input  wire logic        s_axi_rready_i
);

  localparam logic [1:0] Okay = 2'b00, SlaveError = 2'b10;

  logic        aw_q, w_q, ar_q;  // what waits
  logic [11:0] aw_address_q, ar_address_q;
  logic        strobes_q;        // all on
  logic        read_bad_q;
  logic        go_write, go_read, whole, aligned;

  logic [ReadLatency:0] wait_q;  // [ReadLatency - 1]: read_data_i is there

  assign s_axi_awready_o = ~aw_q;
  assign s_axi_wready_o  = ~w_q;
  assign s_axi_arready_o = ~ar_q;
  assign s_axi_rresp_o   = read_bad_q ? SlaveError : Okay;

  assign go_write  = aw_q & w_q & ~s_axi_bvalid_o;
  assign go_read   = ar_q & ~go_write & (wait_q == '0) & ~s_axi_rvalid_o;
  assign whole     = strobes_q & (aw_address_q[1:0] == 2'b00);
  assign aligned   = ar_address_q[1:0] == 2'b00;
  assign write_o   = go_write & whole;
  assign read_o    = go_read & aligned;
  assign address_o = go_write ? aw_address_q : ar_address_q;

  always_ff @(posedge clk_i) begin
    if (s_axi_awvalid_i & s_axi_awready_o) begin
      aw_q         <= 1'b1;
      aw_address_q <= s_axi_awaddr_i;
    end
    if (s_axi_wvalid_i & s_axi_wready_o) begin
      w_q       <= 1'b1;
      data_o    <= s_axi_wdata_i;
      strobes_q <= &s_axi_wstrb_i;
    end
    if (go_write) begin
      aw_q           <= 1'b0;
      w_q            <= 1'b0;
      s_axi_bvalid_o <= 1'b1;
      s_axi_bresp_o  <= whole ? Okay : SlaveError;
    end else if (s_axi_bready_i) begin
      s_axi_bvalid_o <= 1'b0;
    end

    if (s_axi_arvalid_i & s_axi_arready_o) begin
      ar_q         <= 1'b1;
      ar_address_q <= s_axi_araddr_i;
    end
    if (go_read) begin
      ar_q       <= 1'b0;
      read_bad_q <= ~aligned;
    end
    wait_q <= {wait_q[ReadLatency-1:0], go_read};
    if (wait_q[ReadLatency-1]) begin
      s_axi_rvalid_o <= 1'b1;
      s_axi_rdata_o  <= read_bad_q ? '0 : read_data_i;
    end else if (s_axi_rready_i) begin
      s_axi_rvalid_o <= 1'b0;
    end

    if (!rst_ni) begin
      aw_q           <= 1'b0;
      w_q            <= 1'b0;
      ar_q           <= 1'b0;
      wait_q         <= '0;
      s_axi_bvalid_o <= 1'b0;
      s_axi_rvalid_o <= 1'b0;
    end
  end

`ifdef SNED_CHECK
  sned_axi_check_stream #(.Width(2)) i_check_b (
    .clk_i, .rst_ni, .valid_i(s_axi_bvalid_o), .ready_i(s_axi_bready_i), .data_i(s_axi_bresp_o)
  );
  sned_axi_check_stream #(.Width(34)) i_check_r (
    .clk_i, .rst_ni, .valid_i(s_axi_rvalid_o), .ready_i(s_axi_rready_i), .data_i({s_axi_rdata_o, s_axi_rresp_o})
  );
`endif

endmodule

`default_nettype wire
