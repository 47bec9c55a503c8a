// sned_skid - a register between a valid-ready pair, with another to spare: so that nothing in front of it has to wait for ready_i within a cycle.
//
// Latency 1, a word a cycle. All outputs are registers; data_o stays while it is stalled.
`default_nettype none

module sned_skid #(
  parameter int Width = 24
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             valid_i,
  output      logic             ready_o,
  input  wire logic [Width-1:0] data_i,
  output      logic             valid_o,
  input  wire logic             ready_i,
  output      logic [Width-1:0] data_o
);

  logic [Width-1:0] spare_q;  // a word that came when the one before it waited: there is one where ready_o is 0

  always_ff @(posedge clk_i) begin
    if (~valid_o | ready_i) begin
      valid_o <= valid_i | ~ready_o;
      data_o  <= ready_o ? data_i : spare_q;
      ready_o <= 1'b1;
    end else if (valid_i & ready_o) begin
      spare_q <= data_i;
      ready_o <= 1'b0;
    end
    if (!rst_ni) begin
      valid_o <= 1'b0;
      ready_o <= 1'b1;
    end
  end

endmodule

`default_nettype wire
