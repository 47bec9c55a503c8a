// sned_axi_bursts - cuts a request (an address, a number of beats of 16 bytes) into AXI bursts: at most BurstBeats each, and none
// across a multiple of BurstBeats beats, so none across a 4 KB boundary either.
//
// An address' lowest 4 bits count as 0. A burst a cycle; latency 1 from a request to its first burst. The next request is taken along with the last burst of the one before.
`default_nettype none

module sned_axi_bursts #(
  parameter int BurstBeats = 16               // a power of two, 2 to 256
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

  localparam int Bits = $clog2(BurstBeats);

  logic [23:0]     rest_q;                    // beats behind this burst, less 1
  logic [Bits-1:0] place, beats, first, next; // the request's first beat, from a multiple on; its beats modulo BurstBeats; lengths of bursts
  logic [Bits-1:0] past, beats_less;          // beats behind the first one, to the next multiple; beats - 1
  logic            fits, ends, go;

  assign place       = req_address_i[4+:Bits];
  assign beats       = req_beats_i[Bits-1:0];
  assign past        = ~place;
  assign beats_less  = beats - 1'b1;
  assign fits        = req_beats_i <= 24'(BurstBeats) && (beats == '0 ? place == '0 : beats_less <= past);
  assign first       = fits ? beats_less : past;
  assign ends        = rest_q[23:Bits] == '0;
  assign next        = ends ? rest_q[Bits-1:0] : '1;
  assign go          = valid_o & ready_i;
  assign req_ready_o = ~valid_o | (go & last_o);

  always_ff @(posedge clk_i) begin
    if (req_ready_o) begin
      valid_o   <= req_valid_i;
      address_o <= {req_address_i[63:4], 4'b0};
      last_o    <= fits;
      length_o  <= 8'(first);
      rest_q    <= req_beats_i - (24'(BurstBeats + 1) - 24'(place));
    end else if (go) begin
      address_o <= {address_o[63:4+Bits] + 1'b1, {4 + Bits{1'b0}}};
      last_o    <= ends;
      length_o  <= 8'(next);
      rest_q    <= rest_q - 24'(BurstBeats);
    end
    if (!rst_ni) valid_o <= 1'b0;
  end

  logic unused;
  assign unused = &{1'b0, req_address_i[3:0]};

endmodule

`default_nettype wire
