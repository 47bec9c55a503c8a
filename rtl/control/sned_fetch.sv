// sned_fetch - reads the list of descriptors, once for each image, and deals them to the units' queues.
//
// At the list's end it waits until all units are idle; then the next image begins, or done_o. A descriptor of a unit that there is not, or a
// list without an end, or of nothing, is error_o, and nothing more is dealt.
//
// Ahead descriptors at most are asked for before they are dealt, Ahead / 2 at a time: there is room for their data, so it never waits outside.
`default_nettype none

module sned_fetch
  import sned_pkg::*;
#(
  parameter int Ahead = 8                          // a power of two, 2 or more
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,
  input  wire logic               start_i,
  input  wire logic [63:0]        base_i,
  input  wire logic [21:0]        count_i,         // descriptors, the end's included
  input  wire logic [31:0]        images_i,
  output      logic               next_o,          // another image begins
  output      logic               busy_o,
  output      logic               error_o,         // stays
  // The list.
  output      logic               req_valid_o,
  input  wire logic               req_ready_i,
  output      logic [63:0]        req_address_o,
  output      logic [23:0]        req_beats_o,
  input  wire logic               data_valid_i,
  input  wire logic [127:0]       data_i,
  // The queues.
  output      logic [Units-1:0]   valid_o,
  input  wire logic [Units-1:0]   ready_i,
  output      descriptor_t        descriptor_o,
  input  wire logic               idle_i
);

  localparam int Batch = Ahead / 2;
  localparam int BatchBits = $clog2(Batch + 1);
  localparam int AheadBits = $clog2(Ahead + 1);

  typedef enum logic [2:0] {Idle, Begin, Gather, Deal, Drain} state_t;

  state_t           state_q;
  logic [1:0]       beat_q;
  logic [21:0]      left_q, ask_q;                  // descriptors to gather, to ask for
  logic [BatchBits-1:0] batch_q;                    // to be asked for at once,
  logic             found_q;                        // for which there is room
  logic [AheadBits-1:0] ahead_q;                     // asked for, and not gathered
  logic [63:0]      address_q;
  logic             asks, beat_valid, gathers, list_ready;
  logic [127:0]     beat;
  logic [31:0]      image_q;
  logic [3:0][127:0] beats_q;
  logic [Units-1:0] target;
  logic             is_end;

  for (genvar u = 0; u < Units; u++) begin : gen_target
    assign target[u] = descriptor_o.unit == 8'(u);
  end

  assign descriptor_o  = descriptor_t'(beats_q);
  assign is_end        = descriptor_o.unit == 8'(UnitEnd);
  assign req_valid_o   = found_q;
  assign req_address_o = address_q;
  assign req_beats_o   = 24'({batch_q, 2'b00});
  assign asks          = req_valid_o & req_ready_i;
  assign gathers       = (state_q == Gather) & beat_valid;
  assign valid_o       = state_q == Deal ? target : '0;
  assign busy_o        = state_q != Idle;

  sned_fifo #(.Width(128), .Depth(4 * Ahead)) i_beats (
    .clk_i, .rst_ni, .valid_i(data_valid_i), .ready_o(list_ready), .data_i, .valid_o(beat_valid), .ready_i(gathers), .data_o(beat));

  always_ff @(posedge clk_i) begin
    next_o <= 1'b0;
    if (asks) begin
      ask_q     <= ask_q - 22'(batch_q);
      address_q <= address_q + 64'({batch_q, 6'b0});
    end
    found_q <= found_q ? ~asks : (ask_q != '0) & (ahead_q <= AheadBits'(Ahead - Batch));
    if (~found_q) batch_q <= ask_q < 22'(Batch) ? BatchBits'(ask_q) : BatchBits'(Batch);
    ahead_q <= ahead_q + (asks ? AheadBits'(batch_q) : '0) - AheadBits'(gathers && beat_q == 2'd3);
    unique case (state_q)
      Idle:
      if (start_i) begin
        image_q <= images_i;
        if ((count_i == '0) | (images_i == '0)) error_o <= 1'b1;
        else state_q <= Begin;
      end
      Begin: begin
        left_q    <= count_i;
        ask_q     <= count_i;
        address_q <= base_i;
        beat_q    <= '0;
        state_q   <= Gather;
      end
      Gather:
      if (beat_valid) begin
        beats_q <= {beat, beats_q[3:1]};
        beat_q  <= beat_q + 1'b1;
        if (beat_q == 2'd3) begin
          left_q  <= left_q - 1'b1;
          state_q <= Deal;
        end
      end
      Deal:
      if (is_end & (left_q == '0)) begin
        state_q <= Drain;
      end else if (is_end | (target == '0) | (left_q == '0)) begin
        error_o <= 1'b1;
      end else if (|(target & ready_i)) begin
        state_q <= Gather;
      end
      default:
      if (idle_i) begin
        image_q <= image_q - 1'b1;
        next_o  <= image_q != 32'd1;
        state_q <= image_q == 32'd1 ? Idle : Begin;
      end
    endcase
    if (!rst_ni) begin
      state_q <= Idle;
      error_o <= 1'b0;
      ask_q   <= '0;
      found_q <= 1'b0;
      ahead_q <= '0;
    end
  end

  logic unused;
  assign unused = list_ready;

endmodule

`default_nettype wire
