// sned_clamp - a byte of clamp(floor(number / 2^shift)): the lower, or of wide numbers the upper one.
//
// Latency 3: the shift by whole bytes; what is left of it; the range.
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

  // What is left after the shift by bytes is shifted by 7 at most: where it has more than 17 + 7 bits, only its sign counts.
  localparam int Kept = 25;

  logic signed [Width-1:0] coarse;
  logic signed [Kept-1:0]  coarse_q, fine_q;
  logic        [2:0]       shift_q;
  logic        [1:0]       beyond_q, negative_q, high_byte_q;
  logic        [7:0]       low_q, high_q;                 // the ends' bytes
  logic                    below, above;

  assign coarse = number_i >>> {shift_i[5:3], 3'b000};
  assign below  = beyond_q[1] ? negative_q[1] : fine_q < Kept'(low_i);
  assign above  = beyond_q[1] ? ~negative_q[1] : fine_q > Kept'(high_i);

  always_ff @(posedge clk_i) begin
    coarse_q    <= coarse[Kept-1:0];
    shift_q     <= shift_i[2:0];
    fine_q      <= coarse_q >>> shift_q;
    beyond_q    <= {beyond_q[0], coarse[Width-1:Kept-1] != {Width - Kept + 1{number_i[Width-1]}}};
    negative_q  <= {negative_q[0], number_i[Width-1]};
    high_byte_q <= {high_byte_q[0], high_byte_i};
    low_q       <= high_byte_q[0] ? low_i[15:8] : low_i[7:0];
    high_q      <= high_byte_q[0] ? high_i[15:8] : high_i[7:0];
    value_o     <= below ? low_q : above ? high_q : high_byte_q[1] ? fine_q[15:8] : fine_q[7:0];
  end

endmodule

`default_nettype wire
