// sned_fc - the FC engine: a Gemm whose inputs lie in the activation memory and whose weights come from DDR, column by column, and
// only the columns of inputs that are not 0.
//
// Outputs are cut into Ports blocks of ceil(outputs / Ports). Each port reads its part of a column by itself (src/accel/program/fc_stream.h)
// and writes its block's bytes when it is done; ports differ by as many inputs as wait in a port's FIFO, 128. start_i is for an engine
// that is not busy; descriptor_i and ddr_base_i stay while it is. error_o stays until the next start: a weight for a row that the block
// does not have; or a descriptor of nothing, or of more rows than there are: that one is not begun.
`default_nettype none

module sned_fc
  import sned_pkg::*;
#(
  parameter int Ports = 4,                                // 1, 2 or 4
  parameter int Lanes = 16,                               // of a port: a power of two, Pixels at most
  parameter int Rows = 64,                                // of a lane: a power of two
  parameter int Pixels = 98,                              // bytes of a read, and of a write
  parameter int AddressBits = 20
) (
  input  wire logic                       clk_i,
  input  wire logic                       rst_ni,
  input  wire logic                       start_i,
  input  wire fc_t                        descriptor_i,
  input  wire logic [63:0]                ddr_base_i,     // a multiple of 16
  output      logic                       busy_o,
  output      logic                       error_o,
  // DDR: the request side of sned_axi_read, one a port.
  output      logic [Ports-1:0]           req_valid_o,
  input  wire logic [Ports-1:0]           req_ready_i,
  output      logic [Ports-1:0][63:0]     req_address_o,
  output      logic [Ports-1:0][23:0]     req_beats_o,
  output      logic [Ports-1:0][7:0]      req_tag_o,
  input  wire logic [Ports-1:0]           data_valid_i,
  output      logic [Ports-1:0]           data_ready_o,
  input  wire logic [Ports-1:0][127:0]    data_i,
  input  wire logic [Ports-1:0]           data_last_i,
  input  wire logic [Ports-1:0][7:0]      data_tag_i,
  // The activations: a read's data comes 5 cycles later.
  output      logic                       read_o,
  input  wire logic                       read_ready_i,
  output      logic [AddressBits-1:0]     read_address_o,
  input  wire logic [Pixels-1:0][7:0]     read_data_i,
  output      logic                       write_o,
  input  wire logic                       write_ready_i,
  output      logic [AddressBits-1:0]     write_address_o,
  output      logic [Pixels-1:0]          write_enable_o,
  output      logic [Pixels-1:0][7:0]     write_data_o
);

  localparam int RowBits = $clog2(Lanes) + $clog2(Rows) + 1;
  localparam int PortShift = $clog2(Ports);

  // ---- blocks ----
  logic [16:0]                       block;
  logic [Ports-1:0][18:0]            first;               // outputs before each
  logic [Ports-1:0][RowBits-1:0]     rows_q;
  logic [Ports-1:0][AddressBits-1:0] first_q, second_q;
  logic [Ports-1:0][59:0]            base_q;
  logic [Ports-1:0]                  used_q, begin_q;
  logic                              possible, start_q, unused;

  assign unused = ^ddr_base_i[3:0];

  always_comb begin
    block = (17'(descriptor_i.outputs) + 17'(Ports - 1)) >> PortShift;
    for (int p = 0; p < Ports; p++) first[p] = (p % 2 == 1 ? 19'(block) : '0) + (p >= 2 ? 19'(block) << 1 : '0);
    possible = descriptor_i.inputs != 0 && descriptor_i.outputs != 0 && descriptor_i.width != 0 && descriptor_i.height != 0 &&
        block <= 17'(Lanes * Rows);
  end

  always_ff @(posedge clk_i) begin
    for (int p = 0; p < Ports; p++) begin
      automatic logic [18:0] left = 19'(descriptor_i.outputs) - first[p];
      automatic logic used = first[p] < 19'(descriptor_i.outputs);
      if (start_i) begin
        rows_q[p]   <= left < 19'(block) ? left[RowBits-1:0] : block[RowBits-1:0];
        first_q[p]  <= AddressBits'(descriptor_i.out_base) + AddressBits'(first[p]);
        second_q[p] <= AddressBits'(descriptor_i.second) + AddressBits'(first[p]);
        base_q[p]   <= ddr_base_i[63:4] + 60'(descriptor_i.port[p]);
        used_q[p]   <= used;
      end
      begin_q[p] <= start_i & used & possible & rst_ni;
    end
    if (!rst_ni) used_q <= '0;
  end

  // ---- inputs, to all ports at once ----
  logic             quad_valid, quad_ready;
  logic [Ports-1:0] port_ready;
  logic [3:0][7:0]  quad;

  assign quad_ready = &(port_ready | ~used_q);

  sned_fc_scan #(
    .Pixels     (Pixels),
    .AddressBits(AddressBits)
  ) i_scan (
    .clk_i,
    .rst_ni,
    .start_i     (begin_q[0]),
    .descriptor_i,
    .read_o,
    .read_ready_i,
    .read_address_o,
    .read_data_i,
    .valid_o     (quad_valid),
    .ready_i     (quad_ready),
    .quad_o      (quad)
  );

  // ---- ports ----
  logic [Ports-1:0]                  port_busy, port_error, port_write, port_write_ready;
  logic [Ports-1:0][AddressBits-1:0] port_address;
  logic [Ports-1:0][Lanes-1:0]       port_enable;
  logic [Ports-1:0][Lanes-1:0][7:0]  port_data;

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    sned_fc_port #(
      .Lanes      (Lanes),
      .Rows       (Rows),
      .AddressBits(AddressBits)
    ) i_port (
      .clk_i,
      .rst_ni,
      .start_i        (begin_q[p]),
      .rows_i         (rows_q[p]),
      .first_i        (first_q[p]),
      .second_i       (second_q[p]),
      .base_i         (base_q[p]),
      .descriptor_i,
      .busy_o         (port_busy[p]),
      .error_o        (port_error[p]),
      .quad_valid_i   (quad_valid & quad_ready & used_q[p]),
      .quad_ready_o   (port_ready[p]),
      .quad_i         (quad),
      .req_valid_o    (req_valid_o[p]),
      .req_ready_i    (req_ready_i[p]),
      .req_address_o  (req_address_o[p]),
      .req_beats_o    (req_beats_o[p]),
      .req_tag_o      (req_tag_o[p]),
      .data_valid_i   (data_valid_i[p]),
      .data_ready_o   (data_ready_o[p]),
      .data_i         (data_i[p]),
      .data_last_i    (data_last_i[p]),
      .data_tag_i     (data_tag_i[p]),
      .write_o        (port_write[p]),
      .write_ready_i  (port_write_ready[p]),
      .write_address_o(port_address[p]),
      .write_enable_o (port_enable[p]),
      .write_data_o   (port_data[p])
    );
  end

  // ---- writes: the first port that has one ----
  logic [Ports-1:0] chosen;

  assign chosen           = port_write & (~port_write + 1'b1);
  assign port_write_ready = chosen & {Ports{~write_o | write_ready_i}};
  assign busy_o           = start_q | (|begin_q) | (|port_busy) | write_o;

  always_ff @(posedge clk_i) begin
    start_q <= start_i & rst_ni;
    if (~write_o | write_ready_i) begin
      write_o         <= |port_write;
      write_address_o <= '0;
      write_enable_o  <= '0;
      write_data_o    <= '0;
      for (int p = 0; p < Ports; p++)
        if (chosen[p]) begin
          write_address_o             <= port_address[p];
          write_enable_o[Lanes-1:0]   <= port_enable[p];
          write_data_o[Lanes-1:0]     <= port_data[p];
        end
    end
    if (|port_error) error_o <= 1'b1;
    if (start_i) error_o <= ~possible;
    if (!rst_ni) begin
      write_o <= 1'b0;
      error_o <= 1'b0;
    end
  end

endmodule

`default_nettype wire
