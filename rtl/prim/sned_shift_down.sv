// sned_shift_down - elements from number amount_i on: data_o[p] = data_i[p + amount_i].
//
// Stages of two bits of the amount, the highest first, so that each takes no more elements than those behind it can reach: a LUT6 for a bit of an
// element and stage. An index in place of it would be a tree of its own for each element.
`default_nettype none

module sned_shift_down #(
  parameter int Width = 8,
  parameter int Inputs = 161,                               // Outputs + 2^AmountBits - 1 or more
  parameter int Outputs = 98,
  parameter int AmountBits = 6
) (
  input  wire logic [Inputs-1:0][Width-1:0]  data_i,
  input  wire logic [AmountBits-1:0]         amount_i,
  output      logic [Outputs-1:0][Width-1:0] data_o
);

  localparam int Stages = (AmountBits + 1) / 2;
  localparam int Bits = Inputs * Width;

  logic [2*Stages-1:0] amount;

  assign amount = (2 * Stages)'(amount_i);

  always_comb begin
    automatic logic [Bits-1:0] data = data_i;
    for (int s = Stages - 1; s >= 0; s--) begin
      automatic int step = Width << (2 * s);
      data = amount[2*s+1] ? (amount[2*s] ? data >> (3 * step) : data >> (2 * step)) : (amount[2*s] ? data >> step : data);
    end
    data_o = data[Outputs*Width-1:0];
  end

endmodule

`default_nettype wire
