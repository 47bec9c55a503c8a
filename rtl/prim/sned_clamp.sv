// sned_clamp - a byte of clamp(floor(number / 2^shift)): the lower, or of wide numbers the upper one.
//
// Latency 2: the shift by whole bytes; then what is left of it, and the range.
`default_nettype none

module sned_clamp #(
  parameter int Width = 48
) (
  input  wire logic                    clk_i,
  input  wire logic signed [Width-1:0] number_i,
  input  wire logic        [5:0]       shift_i,
  input  wire logic                    high_byte_i,  // bits 15 to 8 of the clamped number, not 7 to 0
  input  wire logic signed [16:0]      low_i,        // constant while a layer runs, as is the next
  input  wire logic signed [16:0]      high_i,
  output      logic        [7:0]       value_o
);

  logic signed [Width-1:0] coarse_q, fine;
  logic        [2:0]       shift_q;
  logic                    high_byte_q;
  logic        [15:0]      clamped;

  assign fine    = coarse_q >>> shift_q;
  assign clamped = fine < Width'(low_i) ? low_i[15:0] : fine > Width'(high_i) ? high_i[15:0] : fine[15:0];

  always_ff @(posedge clk_i) begin
    coarse_q    <= number_i >>> {shift_i[5:3], 3'b000};
    shift_q     <= shift_i[2:0];
    high_byte_q <= high_byte_i;
    value_o     <= high_byte_q ? clamped[15:8] : clamped[7:0];
  end

endmodule

`default_nettype wire
