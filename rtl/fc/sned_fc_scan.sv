// sned_fc_scan - a layer's inputs from the activation memory, four at a time and in order, to all ports.
//
// Rows of any length at any address are read Take bytes at once and put together without gaps; behind the last input come zeros.
// Reads have the latency of sned_banks, Memory; one goes where read_ready_i is 1, in every other cycle at most: its length is found in the cycle
// before. At best 4 inputs leave a cycle, fewer where rows are no multiple of 4 or short: a column of weights takes longer than that.
`default_nettype none

module sned_fc_scan
  import sned_pkg::*;
#(
  parameter int Pixels = 98,                              // bytes of a read, 4 or more
  parameter int AddressBits = 20
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   start_i,
  input  wire fc_t                    descriptor_i,
  output      logic                   read_o,
  input  wire logic                   read_ready_i,
  output      logic [AddressBits-1:0] read_address_o,
  input  wire logic [Pixels-1:0][7:0] read_data_i,
  output      logic                   valid_o,
  input  wire logic                   ready_i,
  output      logic [3:0][7:0]        quad_o
);

  localparam int Memory = 5;
  localparam int Waiting = 8;                             // reads in flight or in the FIFO
  localparam int Take = Pixels >= 16 ? 16 : Pixels / 4 * 4;
  localparam int CountBits = $clog2(Take + 1);
  localparam int PieceBits = CountBits - 2;

  // ---- reads ----
  logic [AddressBits-1:0]           address_q, row_q, plane_q;  // of the read, of its row, of its plane
  extent_t                          columns_q, rows_q;          // of the row and of the plane that are left
  logic [15:0]                      unread_q;
  logic [$clog2(Waiting+1)-1:0]     free_q;
  logic [CountBits-1:0]             count, count_q;
  logic                             found_q, ends_row_q;        // count_q is the next read's length, for which there is room; and it is its row's last
  logic                             taken, pop;
  logic [Memory-1:0]                flight_q;
  logic [Memory-1:0][CountBits-1:0] flight_count_q;

  always_comb begin
    count = CountBits'(Take);
    if (columns_q < SizeWidth'(Take)) count = columns_q[CountBits-1:0];
    if (unread_q < 16'(count)) count = unread_q[CountBits-1:0];
  end

  assign read_o         = found_q;
  assign read_address_o = address_q;
  assign taken          = read_o & read_ready_i;

  always_ff @(posedge clk_i) begin
    automatic logic [AddressBits-1:0] next_row = row_q + AddressBits'(descriptor_i.pitch);
    automatic logic [AddressBits-1:0] next_plane = plane_q + AddressBits'(descriptor_i.plane);
    free_q         <= free_q - $bits(free_q)'(taken) + $bits(free_q)'(pop);
    flight_q       <= {flight_q[Memory-2:0], taken};
    flight_count_q <= {flight_count_q[Memory-2:0], count_q};
    found_q        <= found_q ? ~taken : unread_q != 0 && free_q != 0;
    count_q        <= found_q ? count_q : count;
    ends_row_q     <= found_q ? ends_row_q : columns_q <= SizeWidth'(Take);
    if (taken) begin
      unread_q  <= unread_q - 16'(count_q);
      address_q <= address_q + AddressBits'(count_q);
      columns_q <= columns_q - SizeWidth'(count_q);
      if (ends_row_q) begin
        columns_q <= descriptor_i.width;
        rows_q    <= rows_q == 1 ? descriptor_i.height : rows_q - 1'b1;
        address_q <= rows_q == 1 ? next_plane : next_row;
        row_q     <= rows_q == 1 ? next_plane : next_row;
        if (rows_q == 1) plane_q <= next_plane;
      end
    end
    if (start_i) begin
      unread_q  <= descriptor_i.inputs;
      columns_q <= descriptor_i.width;
      rows_q    <= descriptor_i.height;
      address_q <= AddressBits'(descriptor_i.base);
      row_q     <= AddressBits'(descriptor_i.base);
      plane_q   <= AddressBits'(descriptor_i.base);
    end
    if (!rst_ni) begin
      unread_q <= '0;
      found_q  <= 1'b0;
      free_q   <= $bits(free_q)'(Waiting);
      flight_q <= '0;
    end
  end

  // ---- what was read, cut into pieces of 4 ----
  logic                      part_valid, fifo_ready, unused;
  logic [PieceBits-1:0]      place_q, last_place;         // pieces of the part
  logic [1:0]                last_rest;                   // bytes of the last, less 1
  logic                      is_last;
  logic [Take/4-1:0][31:0]   part;
  logic [31:0]               piece, piece_q;
  logic [2:0]                piece_count, piece_count_q;
  logic                      next, move, piece_valid_q;

  sned_fifo #(
    .Width(8 * Take + PieceBits + 2),
    .Depth(Waiting)
  ) i_parts (
    .clk_i,
    .rst_ni,
    .valid_i(flight_q[Memory-1]),
    .ready_o(fifo_ready),
    .data_i ({read_data_i[Take-1:0], flight_count_q[Memory-1] - 1'b1}),
    .valid_o(part_valid),
    .ready_i(pop),
    .data_o ({part, last_place, last_rest})
  );

  assign is_last     = place_q == last_place;
  assign piece_count = is_last ? 3'(last_rest) + 1'b1 : 3'd4;
  assign next        = ~piece_valid_q | move;
  assign pop         = part_valid & next & is_last;

  always_comb begin
    piece = '0;
    for (int i = 0; i < Take / 4; i++) if (place_q == PieceBits'(i)) piece |= part[i];
    for (int i = 0; i < 4; i++) if (3'(i) >= piece_count) piece[8*i+:8] = '0;
  end

  always_ff @(posedge clk_i) begin
    if (next) begin
      piece_valid_q <= part_valid;
      piece_q       <= piece;
      piece_count_q <= piece_count;
      if (part_valid) place_q <= pop ? '0 : place_q + 1'b1;
    end
    if (!rst_ni) begin
      piece_valid_q <= 1'b0;
      place_q       <= '0;
    end
  end

  // ---- pieces put together ----
  logic [23:0] held_q;
  logic [1:0]  held_count_q;
  logic [15:0] missing_q;                                 // inputs that have not come to held_q or quad_o
  logic [55:0] both;
  logic [2:0]  both_count;
  logic        flush;

  assign both       = 56'(held_q) | 56'(piece_q) << {held_count_q, 3'b000};
  assign both_count = 3'(held_count_q) + piece_count_q;
  assign flush      = missing_q == 0 && held_count_q != 0;   // the last piece is taken
  assign move       = ~valid_o | ready_i;

  always_ff @(posedge clk_i) begin
    if (move) begin
      valid_o <= flush | (piece_valid_q & both_count[2]);
      quad_o  <= flush ? {8'b0, held_q} : both[31:0];
      if (flush) begin
        held_q       <= '0;
        held_count_q <= '0;
      end else if (piece_valid_q) begin
        held_q       <= both_count[2] ? both[55:32] : both[23:0];
        held_count_q <= both_count[1:0];
        missing_q    <= missing_q - 16'(piece_count_q);
      end
    end
    if (start_i) missing_q <= descriptor_i.inputs;
    if (!rst_ni) begin
      valid_o      <= 1'b0;
      held_q       <= '0;
      held_count_q <= '0;
      missing_q    <= '0;
    end
  end

  assign unused = ^{fifo_ready, read_data_i, descriptor_i};

endmodule

`default_nettype wire
