// sned_fc_drain - a port's complete sums to bytes: one a cycle, scaled with its record, Lanes of them in one write.
//
// Begins when ready_i says that the sums are complete and the first record is there. Wide results take a second run with the same
// records, for the upper bytes. Two groups are under way at most, so nothing behind the sums ever has to wait. Latency 11 from a sum's
// address to its group.
`default_nettype none

module sned_fc_drain
  import sned_pkg::*;
#(
  parameter int Lanes = 16,                             // powers of two
  parameter int Rows = 64,
  parameter int AddressBits = 20,                       // of the activation memory
  localparam int LaneBits = $clog2(Lanes),
  localparam int PlaceBits = $clog2(Rows),
  localparam int RowBits = LaneBits + PlaceBits + 1
) (
  input  wire logic                                clk_i,
  input  wire logic                                rst_ni,
  input  wire logic                                start_i,
  input  wire logic [RowBits-1:0]                  rows_i,       // 1 or more; constant while the layer runs, as are the next
  input  wire logic                                wide_i,
  input  wire logic signed [16:0]                  low_i,
  input  wire logic signed [16:0]                  high_i,
  input  wire logic [AddressBits-1:0]              first_i,      // of the lower bytes
  input  wire logic [AddressBits-1:0]              second_i,     // of the upper ones
  output      logic                                busy_o,       // from start_i to the last write
  // Records, two a beat: bits 0 to 31 bias, 32 to 47 multiplier, 48 to 53 shift.
  input  wire logic                                ready_i,
  input  wire logic                                beat_valid_i,
  output      logic                                beat_ready_o,
  input  wire logic [127:0]                        beat_i,
  // The lanes' sums, a cycle after their address.
  output      logic [PlaceBits-1:0]                place_o,
  input  wire logic signed [Lanes-1:0][SumWidth-1:0] sums_i,
  output      logic                                write_o,
  input  wire logic                                write_ready_i,
  output      logic [AddressBits-1:0]              write_address_o,
  output      logic [Lanes-1:0]                    write_enable_o,
  output      logic [Lanes-1:0][7:0]               write_data_o
);

  localparam int Latency = 9;                           // of the sum, its choice, sned_scale

  typedef struct packed {
    logic                valid;
    logic                ends;                          // its group
    logic [LaneBits-1:0] lane;
  } tag_t;

  logic [RowBits-1:0]         row_q;
  logic                       running_q, upper_q, issue, leaves;
  logic                       more_q, last_q;           // row_q is one of rows_i; the last of them
  logic [RowBits-1:0]         before_last_q;
  logic [1:0]                 groups_q;
  logic [RowBits-LaneBits-1:0] left_q;                  // groups of this run that have not been written
  logic [LaneBits-1:0]        lane;
  tag_t [Latency-1:0]         tag_q;
  logic [63:0]                record_q;
  logic signed [SumWidth-1:0] sum_q2, bias_q2;
  logic [15:0]                multiplier_q2;
  logic [5:0]                 shift_q2;
  logic [7:0]                 value;

  assign lane         = row_q[LaneBits-1:0];
  assign issue        = running_q & ready_i & beat_valid_i & more_q & (lane != 0 || groups_q < 2'd2);
  assign beat_ready_o = issue & (row_q[0] | last_q);
  assign place_o      = row_q[LaneBits+:PlaceBits];
  assign leaves       = write_o & write_ready_i;
  assign busy_o       = running_q;

  always_ff @(posedge clk_i) begin
    automatic logic [RowBits-LaneBits-1:0] groups = (RowBits - LaneBits)'((rows_i + RowBits'(Lanes - 1)) >> LaneBits);
    before_last_q <= rows_i - RowBits'(2);
    if (issue) begin
      row_q  <= row_q + 1'b1;
      last_q <= row_q == before_last_q;
      more_q <= ~last_q;
    end
    groups_q <= groups_q + 2'(issue && lane == 0) - 2'(leaves);
    if (leaves) begin
      left_q <= left_q - 1'b1;
      if (left_q == 1) begin
        row_q     <= '0;
        last_q    <= rows_i == RowBits'(1);
        more_q    <= 1'b1;
        left_q    <= groups;
        upper_q   <= 1'b1;
        running_q <= wide_i & ~upper_q;
      end
    end
    if (start_i) begin
      running_q <= 1'b1;
      upper_q   <= 1'b0;
      row_q     <= '0;
      last_q    <= rows_i == RowBits'(1);
      more_q    <= 1'b1;
      left_q    <= groups;
    end
    if (!rst_ni) begin
      running_q <= 1'b0;
      groups_q  <= '0;
    end
  end

  // ---- scaling ----
  sned_scale i_scale (
    .clk_i,
    .sum_i       (sum_q2),
    .bias_i      (bias_q2),
    .multiplier_i(multiplier_q2),
    .shift_i     (shift_q2),
    .high_byte_i (upper_q),
    .low_i,
    .high_i,
    .value_o     (value)
  );

  always_ff @(posedge clk_i) begin
    tag_q         <= {tag_q[Latency-2:0], tag_t'{valid: issue, ends: last_q || lane == LaneBits'(Lanes - 1), lane: lane}};
    record_q      <= row_q[0] ? beat_i[127:64] : beat_i[63:0];
    sum_q2        <= sums_i[tag_q[0].lane];
    bias_q2       <= record_q[SumWidth-1:0];
    multiplier_q2 <= record_q[47:32];
    shift_q2      <= record_q[53:48];
    if (!rst_ni) tag_q <= '0;
  end

  // ---- groups: one that fills, one that waits to be written ----
  logic                  full_q;
  logic [Lanes-1:0]      filled_q;
  logic [Lanes-1:0][7:0] bytes_q;

  always_ff @(posedge clk_i) begin
    if (leaves) begin
      write_o         <= 1'b0;
      write_address_o <= left_q == 1 ? second_i : write_address_o + AddressBits'(Lanes);
    end
    if (full_q & (~write_o | write_ready_i)) begin
      write_o        <= 1'b1;
      write_enable_o <= filled_q;
      write_data_o   <= bytes_q;
      full_q         <= 1'b0;
      filled_q       <= '0;
    end
    if (tag_q[Latency-1].valid) begin
      bytes_q[tag_q[Latency-1].lane]  <= value;
      filled_q[tag_q[Latency-1].lane] <= 1'b1;
      full_q                          <= tag_q[Latency-1].ends;
    end
    if (start_i) write_address_o <= first_i;
    if (!rst_ni) begin
      write_o  <= 1'b0;
      full_q   <= 1'b0;
      filled_q <= '0;
    end
  end

  logic unused;
  assign unused = ^{record_q, 1'b0};

endmodule

`default_nettype wire
