// sned_shift_up - elements to number amount_i and on: data_o[p + amount_i] = data_i[p], zeros elsewhere.
//
// Stages of two bits of the amount, the lowest first, for the reason of sned_shift_down.
`default_nettype none

module sned_shift_up #(
  parameter int Width = 9,
  parameter int Inputs = 98,
  parameter int Outputs = 161,                              // Inputs or more; what goes beyond is lost
  parameter int AmountBits = 6
) (
  input  wire logic [Inputs-1:0][Width-1:0]  data_i,
  input  wire logic [AmountBits-1:0]         amount_i,
  output      logic [Outputs-1:0][Width-1:0] data_o
);

  localparam int Stages = (AmountBits + 1) / 2;
  localparam int Bits = Outputs * Width;

  logic [2*Stages-1:0] amount;

  assign amount = (2 * Stages)'(amount_i);

  always_comb begin
    automatic logic [Bits-1:0] data = Bits'(data_i);
    for (int s = 0; s < Stages; s++) begin
      automatic int step = Width << (2 * s);
      data = amount[2*s+1] ? (amount[2*s] ? data << (3 * step) : data << (2 * step)) : (amount[2*s] ? data << step : data);
    end
    data_o = data;
  end

endmodule

`default_nettype wire
