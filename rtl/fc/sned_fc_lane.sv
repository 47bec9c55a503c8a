// sned_fc_lane - the sums of every Lanes-th row: its entries of each beat, one a cycle, times the beat's input.
//
// A beat in which the lane has an entry waits as one word, all entries of the beat with a mask of the lane's own: no entry has to be
// moved to a place of its own, and nothing stalls the beats behind. room_o says, 2 cycles late, that Margin words more will fit.
// Latency from mask_i to the sum: 7 where nothing waits. The masks' FIFO runs a cycle ahead of the words', for a path each.
`default_nettype none

module sned_fc_lane
  import sned_pkg::*;
#(
  parameter int Rows = 64,                              // a power of two
  parameter int Waiting = 32,                           // words, a power of two
  parameter int Margin = 9,
  localparam int AddressBits = $clog2(Rows)
) (
  input  wire logic                                  clk_i,
  input  wire logic                                  rst_ni,
  input  wire logic                                  push_i,      // |mask_i
  input  wire logic [FcEntries-1:0]                  mask_i,
  input  wire logic [FcEntries-1:0][7:0]             weights_i,
  input  wire logic [FcEntries-1:0][AddressBits-1:0] addresses_i,
  input  wire logic signed [8:0]                     value_i,
  output      logic                                  room_o,
  output      logic                                  busy_o,
  // Sums to 0, one a cycle; sums to the drain, a cycle after their address. Neither while busy_o.
  input  wire logic                                  clear_i,
  input  wire logic                                  drain_i,
  input  wire logic [AddressBits-1:0]                address_i,
  output      logic signed [SumWidth-1:0]            sum_o
);

  localparam int CountBits = $clog2(Waiting + 1);

  typedef struct packed {
    logic [FcEntries-1:0][7:0]             weights;
    logic [FcEntries-1:0][AddressBits-1:0] addresses;
    logic signed [8:0]                     value;
  } word_t;

  // ---- words ----
  logic                 load, pop, pop_q, mask_valid, word_valid, mask_ready, word_ready;
  logic [FcEntries-1:0] mask, left_q, rest, pick, pick_q;  // left_q: entries of a word that have not been picked
  logic                 some_q, last_q;                    // left_q has one or more; one or none
  logic [CountBits-1:0] count_q;
  word_t                word;

  assign pick = left_q & (~left_q + 1'b1);
  assign rest = left_q & ~pick;
  assign pop  = last_q & some_q;
  assign load = last_q & mask_valid;

  sned_fifo #(
    .Width(FcEntries),
    .Depth(Waiting)
  ) i_masks (
    .clk_i,
    .rst_ni,
    .valid_i(push_i),
    .ready_o(mask_ready),
    .data_i (mask_i),
    .valid_o(mask_valid),
    .ready_i(load),
    .data_o (mask)
  );

  sned_fifo #(
    .Width($bits(word_t)),
    .Depth(Waiting)
  ) i_words (
    .clk_i,
    .rst_ni,
    .valid_i(push_i),
    .ready_o(word_ready),
    .data_i ({weights_i, addresses_i, value_i}),
    .valid_o(word_valid),
    .ready_i(pop_q),
    .data_o (word)
  );

  always_ff @(posedge clk_i) begin
    pop_q   <= pop;
    pick_q  <= pick;
    left_q  <= load ? mask : rest;
    some_q  <= load | ~last_q;
    last_q  <= load ? one_or_none(16'(mask)) : one_or_none(16'(rest));
    count_q <= count_q + CountBits'(push_i) - CountBits'(pop);
    room_o  <= count_q <= CountBits'(Waiting - Margin);
    if (!rst_ni) begin
      pop_q   <= 1'b0;
      pick_q  <= '0;
      left_q  <= '0;
      some_q  <= 1'b0;
      last_q  <= 1'b1;
      count_q <= '0;
      room_o  <= 1'b0;
    end
  end

  // ---- the entry, its product, the sum before it, the sum ----
  logic [2:0]                  valid_q;
  logic [2:0][AddressBits-1:0] address_q;
  logic signed [7:0]           weight, weight_q;
  logic [AddressBits-1:0]      address;
  logic signed [8:0]           value_q;
  logic signed [16:0]          product_q, product_q2;
  logic signed [SumWidth-1:0]  old, old_q, sum;

  always_comb begin
    weight  = '0;
    address = '0;
    for (int i = 0; i < FcEntries; i++) begin
      weight  |= word.weights[i] & {8{pick_q[i]}};
      address |= word.addresses[i] & {AddressBits{pick_q[i]}};
    end
  end

  assign sum   = old_q + SumWidth'(product_q2);
  assign sum_o = old_q;

  sned_lutram #(
    .Width(SumWidth),
    .Depth(Rows)
  ) i_sums (
    .clk_i,
    .write_i        (clear_i | valid_q[2]),
    .write_address_i(clear_i ? address_i : address_q[2]),
    .write_data_i   (clear_i ? '0 : sum),
    .read_address_i (drain_i ? address_i : address_q[1]),
    .read_data_o    (old)
  );

  always_ff @(posedge clk_i) begin
    valid_q    <= {valid_q[1:0], |pick_q};
    address_q  <= {address_q[1:0], address};
    weight_q   <= weight;
    value_q    <= word.value;
    product_q  <= weight_q * value_q;
    product_q2 <= product_q;
    // The row that is being written is not yet in the RAM.
    old_q   <= valid_q[2] && address_q[2] == address_q[1] && !drain_i ? sum : old;
    if (!rst_ni) valid_q <= '0;
  end

  assign busy_o = mask_valid | some_q | (|pick_q) | (|valid_q);

  logic unused;
  assign unused = ^{mask_ready, word_ready, word_valid, 1'b0};

endmodule

`default_nettype wire
