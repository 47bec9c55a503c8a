// sned_control - the list of descriptors, the units' queues and their tokens: what runs when.
//
// start_o comes with a unit's descriptor, which stays; unit_busy_i is 1 from the cycle after it. offset_o counts the images so far.
// error_o: 1, a descriptor of no unit, or no end; 2, too many tokens; 3, nothing has begun or ended for 2^LimitBits cycles. It
// stays. From hold_i on nothing more begins.
`default_nettype none

module sned_control
  import sned_pkg::*;
#(
  parameter int Depth = 8,
  parameter int LimitBits = 24
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,
  input  wire logic                    hold_i,
  input  wire logic                    start_i,
  input  wire logic [63:0]             list_i,
  input  wire logic [21:0]             count_i,
  input  wire logic [31:0]             images_i,
  output      logic                    next_o,       // another image begins
  output      logic                    busy_o,
  output      logic [1:0]              error_o,
  // The list.
  output      logic                    req_valid_o,
  input  wire logic                    req_ready_i,
  output      logic [63:0]             req_address_o,
  output      logic [23:0]             req_beats_o,
  input  wire logic                    data_valid_i, // never refused
  input  wire logic [127:0]            data_i,
  // The units.
  output      logic [Units-1:0]        start_o,
  output      descriptor_t [Units-1:0] descriptor_o,
  input  wire logic [Units-1:0]        unit_busy_i,
  output      logic [Units-1:0]        active_o
);

  logic [Units-1:0]            valid, ready, idle;
  logic [Units-1:0][Units-1:0] available, take, post;
  descriptor_t                 dealt;
  logic                        fetch_error, overflow;
  logic [LimitBits-1:0]        still_q;
  logic [Units-1:0]            active_q;

  sned_fetch i_fetch (
    .clk_i,
    .rst_ni,
    .start_i,
    .base_i      (list_i),
    .count_i,
    .images_i,
    .next_o,
    .busy_o,
    .error_o     (fetch_error),
    .req_valid_o,
    .req_ready_i,
    .req_address_o,
    .req_beats_o,
    .data_valid_i,
    .data_i,
    .valid_o     (valid),
    .ready_i     (ready),
    .descriptor_o(dealt),
    .idle_i      (&idle)
  );

  sned_tokens i_tokens (
    .clk_i,
    .rst_ni,
    .post_i     (post),
    .take_i     (take),
    .available_o(available),
    .overflow_o (overflow)
  );

  for (genvar u = 0; u < Units; u++) begin : gen_unit
    sned_queue #(
      .Depth(Depth)
    ) i_queue (
      .clk_i,
      .rst_ni,
      .hold_i,
      .valid_i     (valid[u]),
      .ready_o     (ready[u]),
      .descriptor_i(dealt),
      .available_i (available[u]),
      .take_o      (take[u]),
      .post_o      (post[u]),
      .start_o     (start_o[u]),
      .descriptor_o(descriptor_o[u]),
      .unit_busy_i (unit_busy_i[u]),
      .busy_o      (active_o[u]),
      .idle_o      (idle[u])
    );
  end

  always_ff @(posedge clk_i) begin
    active_q <= active_o;
    still_q  <= ~busy_o | (active_q != active_o) ? '0 : still_q + 1'b1;
    if (error_o == '0) error_o <= fetch_error ? 2'd1 : overflow ? 2'd2 : &still_q ? 2'd3 : 2'd0;
    if (!rst_ni) begin
      error_o <= '0;
      still_q <= '0;
    end
  end

endmodule

`default_nettype wire
