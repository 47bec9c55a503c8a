// sned_axi_bursts - cuts a request (an address, a number of beats of 16 bytes) into AXI bursts: at most BurstBeats each, none across
// a 4 KB boundary.
//
// An address' lowest 4 bits count as 0. A burst a cycle; latency 1 from a request to its first burst. The next request is taken along with the last burst of the one before.
`default_nettype none

module sned_axi_bursts #(
  parameter int BurstBeats = 16               // 1 to 256
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        req_valid_i,
  output      logic        req_ready_o,
  input  wire logic [63:0] req_address_i,
  input  wire logic [23:0] req_beats_i,       // 1 or more
  output      logic        valid_o,
  input  wire logic        ready_i,
  output      logic [63:0] address_o,
  output      logic [7:0]  length_o,          // beats - 1, as AXI has it
  output      logic        last_o             // of its request
);

  localparam logic [8:0] Most = 9'(BurstBeats);

  logic [23:0] left_q;
  logic [8:0]  page, most, beats;             // beats to the end of the 4 KB; and of a burst that begins here
  logic        go;

  assign page        = 9'd256 - {1'b0, address_o[11:4]};
  assign most        = page < Most ? page : Most;
  assign last_o      = left_q <= 24'(most);
  assign beats       = last_o ? left_q[8:0] : most;
  assign length_o    = 8'(beats - 9'd1);
  assign go          = valid_o & ready_i;
  assign req_ready_o = ~valid_o | (go & last_o);

  always_ff @(posedge clk_i) begin
    if (req_ready_o) begin
      valid_o   <= req_valid_i;
      address_o <= {req_address_i[63:4], 4'b0};
      left_q    <= req_beats_i;
    end else if (go) begin
      address_o <= address_o + 64'({beats, 4'b0});
      left_q    <= left_q - 24'(beats);
    end
    if (!rst_ni) valid_o <= 1'b0;
  end

  logic unused;
  assign unused = &{1'b0, req_address_i[3:0]};

endmodule

`default_nettype wire
