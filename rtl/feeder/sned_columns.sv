// sned_columns - in which column of the image each of a tile's pixels lies, and which of them a shift keeps inside.
//
// Pixel p of a tile that begins in column c lies in column (c + p) mod Pitch. begin_i starts at column first_i; it takes Pixels
// cycles (busy_o). next_i goes on to the next tile in one. inside_o, 1 cycle after shift_i: bit p says that column + shift lies
// in 0 .. width - 1.
`default_nettype none

module sned_columns #(
  parameter int Pixels = 98,
  parameter int ColumnBits = 10,
  parameter int ShiftBits = 6
) (
  input  wire logic                        clk_i,
  input  wire logic                        rst_ni,
  input  wire logic                        begin_i,
  input  wire logic [ColumnBits-1:0]       pitch_i,    // at least 1; constant while a layer runs, as are the next two
  input  wire logic [ColumnBits-1:0]       width_i,
  input  wire logic [ColumnBits-1:0]       step_i,     // Pixels mod pitch
  input  wire logic [ColumnBits-1:0]       first_i,    // below pitch
  output      logic                        busy_o,
  input  wire logic                        next_i,
  input  wire logic signed [ShiftBits-1:0] shift_i,
  output      logic [Pixels-1:0]           inside_o
);

  localparam int CountBits = $clog2(Pixels + 1);

  logic [Pixels-1:0][ColumnBits-1:0] column_q;
  logic [ColumnBits-1:0]             fresh_q;  // the column of the pixel that comes in
  logic [CountBits-1:0]              left_q;

  assign busy_o = left_q != '0;

  always_ff @(posedge clk_i) begin
    if (begin_i) begin
      fresh_q <= first_i;
      left_q  <= CountBits'(Pixels);
    end else if (busy_o) begin
      column_q <= {fresh_q, column_q[Pixels-1:1]};
      fresh_q  <= fresh_q == pitch_i - 1'b1 ? '0 : fresh_q + 1'b1;
      left_q   <= left_q - 1'b1;
    end else if (next_i) begin
      for (int p = 0; p < Pixels; p++) begin
        automatic logic [ColumnBits:0] sum = {1'b0, column_q[p]} + {1'b0, step_i};
        column_q[p] <= sum >= {1'b0, pitch_i} ? ColumnBits'(sum - {1'b0, pitch_i}) : ColumnBits'(sum);
      end
    end
    for (int p = 0; p < Pixels; p++) begin
      automatic logic signed [ColumnBits+1:0] place = $signed({2'b0, column_q[p]}) + (ColumnBits + 2)'(shift_i);
      inside_o[p] <= place >= 0 && place < $signed({2'b0, width_i});
    end
    if (!rst_ni) left_q <= '0;
  end

endmodule

`default_nettype wire
