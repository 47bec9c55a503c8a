// sned_fc_port - one port to DDR and its block of rows: columns of inputs that are not 0, multiplied and added up in Lanes lanes, one
// beat a cycle; in the end the block's bytes.
//
// Row r of the block is lane r mod Lanes's. Sums are cleared while the first lengths come. Beats are told apart by their tags:
// columns carry their input, which is not 0; lengths come before records.
`default_nettype none

module sned_fc_port
  import sned_pkg::*;
#(
  parameter int Lanes = 16,                             // powers of two
  parameter int Rows = 64,                              // of a lane
  parameter int AddressBits = 20,                       // of the activation memory
  localparam int PlaceBits = $clog2(Rows),
  localparam int RowBits = $clog2(Lanes) + PlaceBits + 1
) (
  input  wire logic                       clk_i,
  input  wire logic                       rst_ni,
  input  wire logic                       start_i,        // the numbers below are constant from here on while busy_o
  input  wire logic [RowBits-1:0]         rows_i,         // of the block, 1 or more
  input  wire logic [AddressBits-1:0]     first_i,        // where its bytes go
  input  wire logic [AddressBits-1:0]     second_i,
  input  wire logic [59:0]                base_i,         // of its part of DDR, in units of 16 bytes
  input  wire fc_t                        descriptor_i,
  output      logic                       busy_o,
  output      logic                       error_o,        // a cycle's pulse: a weight for a row that is not there
  input  wire logic                       quad_valid_i,
  output      logic                       quad_ready_o,
  input  wire logic [3:0][7:0]            quad_i,
  output      logic                       req_valid_o,
  input  wire logic                       req_ready_i,
  output      logic [63:0]                req_address_o,
  output      logic [23:0]                req_beats_o,
  output      logic [7:0]                 req_tag_o,
  input  wire logic                       data_valid_i,
  output      logic                       data_ready_o,
  input  wire logic [127:0]               data_i,
  input  wire logic                       data_last_i,
  input  wire logic [7:0]                 data_tag_i,
  output      logic                       write_o,
  input  wire logic                       write_ready_i,
  output      logic [AddressBits-1:0]     write_address_o,
  output      logic [Lanes-1:0]           write_enable_o,
  output      logic [Lanes-1:0][7:0]      write_data_o
);

  // ---- requests ----
  logic            quad_valid, quad_ready, length_valid;
  logic [3:0][7:0] quad;

  sned_fifo #(.Width(32), .Depth(32)) i_quads (
    .clk_i, .rst_ni, .valid_i(quad_valid_i), .ready_o(quad_ready_o), .data_i(quad_i),
    .valid_o(quad_valid), .ready_i(quad_ready), .data_o(quad)
  );

  sned_fc_fetch i_fetch (
    .clk_i,
    .rst_ni,
    .start_i,
    .inputs_i      (descriptor_i.inputs),
    .records_i     ((16'(rows_i) + 16'd1) >> 1),
    .wide_i        (descriptor_i.wide),
    .base_i,
    .quad_valid_i  (quad_valid),
    .quad_ready_o  (quad_ready),
    .quad_i        (quad),
    .length_valid_i(length_valid),
    .length_i      (data_i),
    .req_valid_o,
    .req_ready_i,
    .req_address_o,
    .req_beats_o,
    .req_tag_o
  );

  // ---- what comes back ----
  logic [12:0] lengths_q;                               // beats that have not come
  logic        lengths_left_q;                          // lengths_q is not 0
  logic        is_length, is_column, is_record, column_taken, record_ready, first_q, room_q;

  assign is_column    = data_tag_i != 0;
  assign is_length    = ~is_column & lengths_left_q;
  assign is_record    = ~is_column & ~lengths_left_q;
  assign data_ready_o = is_length | (is_column & room_q) | (is_record & record_ready);
  assign length_valid = data_valid_i & is_length;
  assign column_taken = data_valid_i & is_column & room_q;

  // ---- lanes ----
  logic [Lanes-1:0][FcEntries-1:0]        masks;
  logic [FcEntries-1:0][7:0]              weights;
  logic [FcEntries-1:0][PlaceBits-1:0]    addresses;
  logic signed [8:0]                      value;
  logic                                   decode_busy, clear_q, idle_q;
  logic [Lanes-1:0]                       some, room, lane_busy;
  logic [PlaceBits-1:0]                   clear_place_q, drain_place;
  logic signed [Lanes-1:0][SumWidth-1:0]  sums;

  sned_fc_decode #(
    .Lanes(Lanes),
    .Rows (Rows)
  ) i_decode (
    .clk_i,
    .rst_ni,
    .rows_i,
    .valid_i    (column_taken),
    .first_i    (first_q),
    .value_i    ({descriptor_i.is_signed & data_tag_i[7], data_tag_i}),
    .beat_i     (data_i),
    .masks_o    (masks),
    .some_o     (some),
    .weights_o  (weights),
    .addresses_o(addresses),
    .value_o    (value),
    .busy_o     (decode_busy),
    .error_o
  );

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    sned_fc_lane #(
      .Rows(Rows)
    ) i_lane (
      .clk_i,
      .rst_ni,
      .push_i     (some[l]),
      .mask_i     (masks[l]),
      .weights_i  (weights),
      .addresses_i(addresses),
      .value_i    (value),
      .room_o     (room[l]),
      .busy_o     (lane_busy[l]),
      .clear_i    (clear_q),
      .drain_i    (idle_q),
      .address_i  (clear_q ? clear_place_q : drain_place),
      .sum_o      (sums[l])
    );
  end

  always_ff @(posedge clk_i) begin
    room_q <= (&room) & ~clear_q & ~start_i;
    // A record that is there comes after all columns.
    idle_q <= data_valid_i & is_record & ~clear_q & ~decode_busy & ~(|lane_busy);
    if (column_taken) first_q <= data_last_i;
    if (length_valid) begin
      lengths_q      <= lengths_q - 1'b1;
      lengths_left_q <= lengths_q != 13'd1;
    end
    clear_place_q <= clear_place_q + 1'b1;
    if (clear_place_q == PlaceBits'(Rows - 1)) clear_q <= 1'b0;
    if (start_i) begin
      lengths_q      <= 13'((17'(descriptor_i.inputs) + 17'd15) >> 4);
      lengths_left_q <= descriptor_i.inputs != '0;
      clear_q        <= 1'b1;
      clear_place_q  <= '0;
    end
    if (!rst_ni) begin
      room_q         <= 1'b0;
      idle_q         <= 1'b0;
      first_q        <= 1'b1;
      lengths_q      <= '0;
      lengths_left_q <= 1'b0;
      clear_q        <= 1'b0;
    end
  end

  sned_fc_drain #(
    .Lanes      (Lanes),
    .Rows       (Rows),
    .AddressBits(AddressBits)
  ) i_drain (
    .clk_i,
    .rst_ni,
    .start_i,
    .rows_i,
    .wide_i         (descriptor_i.wide),
    .low_i          (descriptor_i.low),
    .high_i         (descriptor_i.high),
    .first_i,
    .second_i,
    .busy_o,
    .ready_i        (idle_q & is_record),
    .beat_valid_i   (data_valid_i),
    .beat_ready_o   (record_ready),
    .beat_i         (data_i),
    .place_o        (drain_place),
    .sums_i         (sums),
    .write_o,
    .write_ready_i,
    .write_address_o,
    .write_enable_o,
    .write_data_o
  );

  logic unused;
  assign unused = ^descriptor_i;

endmodule

`default_nettype wire
