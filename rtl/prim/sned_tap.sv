// sned_tap - a shift register that is read at a place of choice: look-up tables (SRL16) rather than flip-flops, as nothing resets it.
//
// data_o is what came `place_i` + 1 shifts ago.
`default_nettype none

module sned_tap #(
  parameter int Width = 17,
  parameter int Depth = 16
) (
  input  wire logic                     clk_i,
  input  wire logic                     shift_i,
  input  wire logic [Width-1:0]         data_i,
  input  wire logic [$clog2(Depth)-1:0] place_i,
  output      logic [Width-1:0]         data_o
);

  // Bit by bit: so tools see what it is.
  for (genvar b = 0; b < Width; b++) begin : gen_bit
    logic [Depth-1:0] bits_q;

    assign data_o[b] = bits_q[place_i];

    always_ff @(posedge clk_i) if (shift_i) bits_q <= {bits_q[Depth-2:0], data_i[b]};
  end

endmodule

`default_nettype wire
