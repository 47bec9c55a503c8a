// sned_weigh - numbers times a multiplier each, up to 4 of them added up from begin_i to end_i, rounded, shifted, clamped, and
// written as bytes in a row: clamp(floor((sum of number x multiplier + 2^(shift - 1)) / 2^shift)).
//
// Latency 6 from end_i to write_o; steps need not be in neighbouring cycles. The first Multipliers lanes take any number, with a DSP that also
// adds up; the others only bytes, with the multiplier that they all share, in look-up tables: they are for sums, of which there are many.
`default_nettype none

module sned_weigh #(
  parameter int Lanes = 64,                                // Multipliers or more
  parameter int Multipliers = 32,
  parameter int NumberWidth = 25,
  parameter int AddressBits = 20,
  localparam int CountBits = $clog2(Lanes + 1)
) (
  input  wire logic                                     clk_i,
  input  wire logic                                     rst_ni,
  output      logic                                     busy_o,     // a write is on its way
  input  wire logic        [5:0]                        shift_i,    // 1 to 62; constant while busy, as are the next
  input  wire logic signed [16:0]                       low_i,
  input  wire logic signed [16:0]                       high_i,
  input  wire logic                                     valid_i,
  input  wire logic                                     begin_i,
  input  wire logic                                     end_i,
  input  wire logic signed [Multipliers-1:0][NumberWidth-1:0] numbers_i,
  input  wire logic        [Multipliers-1:0][15:0]      multipliers_i,
  input  wire logic signed [Lanes-1:0][8:0]             bytes_i,    // of the lanes from Multipliers on
  input  wire logic        [15:0]                       multiplier_i,
  input  wire logic                                     high_byte_i,
  input  wire logic        [AddressBits-1:0]            address_i,
  input  wire logic        [CountBits-1:0]              count_i,    // of the lanes: they are written
  output      logic                                     write_o,
  output      logic        [AddressBits-1:0]            write_address_o,
  output      logic        [Lanes-1:0]                  write_enable_o,
  output      logic        [Lanes-1:0][7:0]             write_data_o
);

  localparam int Latency = 6;

  typedef struct packed {
    logic                   writes;
    logic                   high_byte;
    logic [AddressBits-1:0] address;
    logic [CountBits-1:0]   count;
  } tag_t;

  tag_t [Latency-1:0] tag_q;
  logic               valid_q, begin_q, valid_q2, begin_q2;

  always_ff @(posedge clk_i) begin
    valid_q  <= valid_i;
    begin_q  <= begin_i;
    valid_q2 <= valid_q;
    begin_q2 <= begin_q;
    tag_q    <= {tag_q[Latency-2:0], tag_t'{writes: valid_i & end_i, high_byte: high_byte_i, address: address_i, count: count_i}};
    for (int i = 0; i < Lanes; i++) write_enable_o[i] <= CountBits'(i) < tag_q[Latency-2].count;
    if (!rst_ni) tag_q <= '0;
  end

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    if (l < Multipliers) begin : gen_any
      sned_weigh_lane #(.NumberWidth(NumberWidth)) i_lane (
        .clk_i, .number_i(numbers_i[l]), .multiplier_i(multipliers_i[l]), .valid_i(valid_q2), .begin_i(begin_q2), .shift_i,
        .high_byte_i(tag_q[2].high_byte), .low_i, .high_i, .value_o(write_data_o[l]));
    end else begin : gen_byte
      sned_weigh_lane #(.NumberWidth(9), .Fabric(1)) i_lane (
        .clk_i, .number_i(bytes_i[l]), .multiplier_i, .valid_i(valid_q2), .begin_i(begin_q2), .shift_i,
        .high_byte_i(tag_q[2].high_byte), .low_i, .high_i, .value_o(write_data_o[l]));
    end
  end

  always_comb begin
    busy_o = 1'b0;
    for (int i = 0; i < Latency; i++) busy_o |= tag_q[i].writes;
  end

  assign write_o         = tag_q[Latency-1].writes;
  assign write_address_o = tag_q[Latency-1].address;

  logic unused;
  assign unused = &{1'b0, tag_q, bytes_i, multiplier_i};

endmodule

`default_nettype wire
