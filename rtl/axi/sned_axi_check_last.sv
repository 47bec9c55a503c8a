// sned_axi_check_last - a rule of simulation: the nth burst of data has its LAST where the nth address says. Either may come first, by up
// to 255 bursts.
`default_nettype none

module sned_axi_check_last (
  input wire logic       clk_i,
  input wire logic       rst_ni,
  input wire logic       address_i,  // an address is taken
  input wire logic [7:0] length_i,
  input wire logic       beat_i,     // a beat is taken
  input wire logic       last_i
);

  logic [7:0] asked[256], came[256];
  logic [7:0] asked_q, came_q, same_q, beat_q;

  always_ff @(posedge clk_i) begin
    if (address_i) begin
      asked[asked_q] <= length_i;
      asked_q        <= asked_q + 1'b1;
    end
    if (beat_i) begin
      beat_q <= last_i ? '0 : beat_q + 1'b1;
      if (last_i) begin
        came[came_q] <= beat_q;
        came_q       <= came_q + 1'b1;
      end
    end
    if ((same_q != asked_q) & (same_q != came_q)) begin
      assert (asked[same_q] == came[same_q]) else $error("LAST at the wrong beat");
      same_q <= same_q + 1'b1;
    end
    if (!rst_ni) begin
      asked_q <= '0;
      came_q  <= '0;
      same_q  <= '0;
      beat_q  <= '0;
    end
  end

endmodule

`default_nettype wire
