// sned_drain - the adders behind Group multipliers: a round's sums, one pixel a cycle, onto the pair's partial sums.
//
// take_i copies the multipliers' registers; in the Group cycles after it pixel 0, 1, ... goes through. A round that is not
// the pair's last writes its sums back to slot `round_i.slot`; the last sends them out instead, as {upper filter, lower
// filter}, without a way to stall them. take_i comes at most every Group cycles. Latency 3 from a pixel to sums_o.
`default_nettype none

module sned_drain
  import sned_pkg::*;
#(
  parameter int Group = 8,
  parameter int Slots = 16
) (
  input  wire logic                             clk_i,
  input  wire logic                             rst_ni,
  input  wire logic                             take_i,
  input  wire round_t                           round_i,
  input  wire logic [Group-1:0][RoundWidth-1:0] rounds_i,
  output      logic                             valid_o,
  output      logic [2*SumWidth-1:0]            sums_o
);

  localparam int PixelBits = $clog2(Group);
  localparam int SlotBits = $clog2(Slots);

  logic [Group-1:0][RoundWidth-1:0] taken_q;
  round_t                           round_q, round_q2, round_q3;
  logic                             busy_q, valid_q2, valid_q3;
  logic [PixelBits-1:0]             pixel_q, pixel_q2, pixel_q3;
  logic [RoundWidth-1:0]            both_q;
  logic [2*SumWidth-1:0]            old, old_q, sums_q;
  logic signed [SumWidth-1:0]       lower, upper;

  sned_lutram #(
    .Width(2 * SumWidth),
    .Depth(Slots * Group)
  ) i_partial (
    .clk_i,
    .write_i        (valid_q3 & ~round_q3.last),
    .write_address_i({round_q3.slot[SlotBits-1:0], pixel_q3}),
    .write_data_i   (sums_q),
    .read_address_i ({round_q.slot[SlotBits-1:0], pixel_q}),
    .read_data_o    (old)
  );

  // The lower sum's sign was taken from the upper one.
  assign lower = SumWidth'($signed(both_q[PairShift-1:0]));
  assign upper = SumWidth'($signed(both_q[RoundWidth-1:PairShift])) + SumWidth'(both_q[PairShift-1]);

  assign valid_o = valid_q3 & round_q3.last;
  assign sums_o  = sums_q;

  always_ff @(posedge clk_i) begin
    if (take_i) begin
      taken_q <= rounds_i;
      round_q <= round_i;
      pixel_q <= '0;
    end else begin
      pixel_q <= pixel_q + 1'b1;
    end
    busy_q <= take_i | (busy_q & (pixel_q != PixelBits'(Group - 1)));

    both_q   <= taken_q[pixel_q];
    old_q    <= round_q.first ? '0 : old;
    round_q2 <= round_q;
    pixel_q2 <= pixel_q;
    valid_q2 <= busy_q;

    sums_q   <= {old_q[2*SumWidth-1:SumWidth] + upper, old_q[SumWidth-1:0] + lower};
    round_q3 <= round_q2;
    pixel_q3 <= pixel_q2;
    valid_q3 <= valid_q2;

    if (!rst_ni) begin
      busy_q   <= 1'b0;
      valid_q2 <= 1'b0;
      valid_q3 <= 1'b0;
    end
  end

  logic unused;
  assign unused = &{1'b0, round_q3};

endmodule

`default_nettype wire
