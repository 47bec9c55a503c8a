// ecp5_top - sned_top behind four pins, for fpga/ecp5 to place and route: a harness, not a design for a board.
//
// sned_top's AXI ports have more pins than any package. Here all its inputs come from one shift register, and all its outputs go through
// registers into a tree of exclusive ors, so that no logic is optimised away and no path to or from a pin counts.
`default_nettype none

module ecp5_top
  import sned_pkg::*;
#(
  parameter logic [127:0] Name = "ecp5",
  parameter int Lanes = 2,
  parameter int Columns = 1,
  parameter int Pixels = 16,
  parameter int HalfRows = 256,
  parameter int Slots = 8,
  parameter int Group = 8,
  parameter int TableRows = 2048,
  parameter int TablePairs = 32,
  parameter int StreamWords = 1024,
  parameter int LineBytes = 8,
  parameter int Lines = 8192,
  parameter int Multipliers = 8,
  parameter int LrnLanes = 2,
  parameter int AddLanes = 8,
  parameter int FcReads = 1,
  parameter int FcLanes = 4,
  parameter int FcRows = 64,
  parameter int ReadBeats = 32,
  localparam int Reads = 2 + FcReads
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic serial_i,
  output      logic serial_o
);

  typedef struct packed {
    logic [11:0]             s_axi_awaddr;
    logic                    s_axi_awvalid;
    logic [31:0]             s_axi_wdata;
    logic [3:0]              s_axi_wstrb;
    logic                    s_axi_wvalid;
    logic                    s_axi_bready;
    logic [11:0]             s_axi_araddr;
    logic                    s_axi_arvalid;
    logic                    s_axi_rready;
    logic [Reads-1:0]        m_axi_arready;
    logic [Reads-1:0][127:0] m_axi_rdata;
    logic [Reads-1:0][1:0]   m_axi_rresp;
    logic [Reads-1:0]        m_axi_rlast;
    logic [Reads-1:0]        m_axi_rvalid;
    logic                    m_axi_awready;
    logic                    m_axi_wready;
    logic [1:0]              m_axi_bresp;
    logic                    m_axi_bvalid;
  } inputs_t;

  typedef struct packed {
    logic                    interrupt;
    logic [Units-1:0]        active;
    logic [Units-1:0][15:0]  layer;
    logic                    s_axi_awready;
    logic                    s_axi_wready;
    logic [1:0]              s_axi_bresp;
    logic                    s_axi_bvalid;
    logic                    s_axi_arready;
    logic [31:0]             s_axi_rdata;
    logic [1:0]              s_axi_rresp;
    logic                    s_axi_rvalid;
    logic [Reads-1:0][63:0]  m_axi_araddr;
    logic [Reads-1:0][7:0]   m_axi_arlen;
    logic [Reads-1:0][2:0]   m_axi_arsize;
    logic [Reads-1:0][1:0]   m_axi_arburst;
    logic [Reads-1:0][3:0]   m_axi_arcache;
    logic [Reads-1:0][2:0]   m_axi_arprot;
    logic [Reads-1:0]        m_axi_arvalid;
    logic [Reads-1:0]        m_axi_rready;
    logic [63:0]             m_axi_awaddr;
    logic [7:0]              m_axi_awlen;
    logic [2:0]              m_axi_awsize;
    logic [1:0]              m_axi_awburst;
    logic [3:0]              m_axi_awcache;
    logic [2:0]              m_axi_awprot;
    logic                    m_axi_awvalid;
    logic [127:0]            m_axi_wdata;
    logic [15:0]             m_axi_wstrb;
    logic                    m_axi_wlast;
    logic                    m_axi_wvalid;
    logic                    m_axi_bready;
  } outputs_t;

  // The tree has Fan inputs at each node, and a register behind each.
  localparam int Fan = 16;
  localparam int Leaves = ($bits(outputs_t) + Fan - 1) / Fan;
  localparam int Nodes = (Leaves + Fan - 1) / Fan;

  logic                    rst_nq, rst_nq2, serial_q;
  inputs_t                 inputs_q;
  outputs_t                outputs, outputs_q;
  logic [Leaves*Fan-1:0]   bits;
  logic [Leaves-1:0]       leaves_q;
  logic [Nodes*Fan-1:0]    leaves;
  logic [Nodes-1:0]        nodes_q;

  assign bits   = (Leaves * Fan)'(outputs_q);
  assign leaves = (Nodes * Fan)'(leaves_q);

  always_ff @(posedge clk_i) begin
    rst_nq    <= rst_ni;
    rst_nq2   <= rst_nq;
    serial_q  <= serial_i;
    inputs_q  <= {inputs_q[$bits(inputs_t)-2:0], serial_q};
    outputs_q <= outputs;
    for (int i = 0; i < Leaves; i++) leaves_q[i] <= ^bits[i*Fan+:Fan];
    for (int i = 0; i < Nodes; i++) nodes_q[i] <= ^leaves[i*Fan+:Fan];
    serial_o  <= ^nodes_q;
  end

  sned_top #(
    .Name(Name), .Lanes(Lanes), .Columns(Columns), .Pixels(Pixels), .HalfRows(HalfRows), .Slots(Slots), .Group(Group),
    .TableRows(TableRows), .TablePairs(TablePairs), .StreamWords(StreamWords), .LineBytes(LineBytes), .Lines(Lines),
    .Multipliers(Multipliers), .LrnLanes(LrnLanes), .AddLanes(AddLanes), .FcReads(FcReads), .FcLanes(FcLanes), .FcRows(FcRows), .ReadBeats(ReadBeats)
  ) i_top (
    .clk_i,
    .rst_ni          (rst_nq2),
    .interrupt_o     (outputs.interrupt),
    .active_o        (outputs.active),
    .layer_o         (outputs.layer),
    .s_axi_awaddr_i  (inputs_q.s_axi_awaddr),
    .s_axi_awvalid_i (inputs_q.s_axi_awvalid),
    .s_axi_awready_o (outputs.s_axi_awready),
    .s_axi_wdata_i   (inputs_q.s_axi_wdata),
    .s_axi_wstrb_i   (inputs_q.s_axi_wstrb),
    .s_axi_wvalid_i  (inputs_q.s_axi_wvalid),
    .s_axi_wready_o  (outputs.s_axi_wready),
    .s_axi_bresp_o   (outputs.s_axi_bresp),
    .s_axi_bvalid_o  (outputs.s_axi_bvalid),
    .s_axi_bready_i  (inputs_q.s_axi_bready),
    .s_axi_araddr_i  (inputs_q.s_axi_araddr),
    .s_axi_arvalid_i (inputs_q.s_axi_arvalid),
    .s_axi_arready_o (outputs.s_axi_arready),
    .s_axi_rdata_o   (outputs.s_axi_rdata),
    .s_axi_rresp_o   (outputs.s_axi_rresp),
    .s_axi_rvalid_o  (outputs.s_axi_rvalid),
    .s_axi_rready_i  (inputs_q.s_axi_rready),
    .m_axi_araddr_o  (outputs.m_axi_araddr),
    .m_axi_arlen_o   (outputs.m_axi_arlen),
    .m_axi_arsize_o  (outputs.m_axi_arsize),
    .m_axi_arburst_o (outputs.m_axi_arburst),
    .m_axi_arcache_o (outputs.m_axi_arcache),
    .m_axi_arprot_o  (outputs.m_axi_arprot),
    .m_axi_arvalid_o (outputs.m_axi_arvalid),
    .m_axi_arready_i (inputs_q.m_axi_arready),
    .m_axi_rdata_i   (inputs_q.m_axi_rdata),
    .m_axi_rresp_i   (inputs_q.m_axi_rresp),
    .m_axi_rlast_i   (inputs_q.m_axi_rlast),
    .m_axi_rvalid_i  (inputs_q.m_axi_rvalid),
    .m_axi_rready_o  (outputs.m_axi_rready),
    .m_axi_awaddr_o  (outputs.m_axi_awaddr),
    .m_axi_awlen_o   (outputs.m_axi_awlen),
    .m_axi_awsize_o  (outputs.m_axi_awsize),
    .m_axi_awburst_o (outputs.m_axi_awburst),
    .m_axi_awcache_o (outputs.m_axi_awcache),
    .m_axi_awprot_o  (outputs.m_axi_awprot),
    .m_axi_awvalid_o (outputs.m_axi_awvalid),
    .m_axi_awready_i (inputs_q.m_axi_awready),
    .m_axi_wdata_o   (outputs.m_axi_wdata),
    .m_axi_wstrb_o   (outputs.m_axi_wstrb),
    .m_axi_wlast_o   (outputs.m_axi_wlast),
    .m_axi_wvalid_o  (outputs.m_axi_wvalid),
    .m_axi_wready_i  (inputs_q.m_axi_wready),
    .m_axi_bresp_i   (inputs_q.m_axi_bresp),
    .m_axi_bvalid_i  (inputs_q.m_axi_bvalid),
    .m_axi_bready_o  (outputs.m_axi_bready)
  );

endmodule

`default_nettype wire
