// sned_turns - which lane's finished pair a collector takes next, and what its table says of it.
//
// Each lane has its own place in its table, and goes through it tile after tile. A lane is chosen by round robin, its entry read (two
// cycles, while the words of another are taken), then its Group words are taken as they come.
`default_nettype none

module sned_turns
  import sned_pkg::*;
#(
  parameter int Lanes = 8,
  parameter int Pixels = 98,
  parameter int Group = 8,
  parameter int TablePairs = 64,
  parameter int AddressBits = 20,
  parameter int CountBits = 12,
  parameter int EntryBits = 140,                          // its top bit: the lane's last pair
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1,
  localparam int PairBits = $clog2(TablePairs),
  localparam int WordBits = $clog2(Group)
) (
  input  wire logic                         clk_i,
  input  wire logic                         rst_ni,
  input  wire logic                         start_i,
  input  wire logic [CountBits-1:0]         tiles_i,
  input  wire logic [PairBits-1:0]          pair_first_i, // of each lane's table
  input  wire logic                         table_write_i,
  input  wire logic [LaneBits+PairBits-1:0] table_address_i,
  input  wire logic [EntryBits-1:0]         table_entry_i,
  // The lanes' words: taken where both are 1.
  input  wire logic [Lanes-1:0]             valid_i,
  output      logic [Lanes-1:0]             ready_o,
  // The word that is taken.
  output      logic                         take_o,
  output      logic [LaneBits-1:0]          lane_o,
  output      logic [WordBits-1:0]          word_o,
  output      logic                         ends_o,       // the pair's last
  output      logic                         ends_lane_o,  // and the pair is the lane's last
  output      logic [EntryBits-1:0]         entry_o,
  output      logic [AddressBits-1:0]       place_o       // of the tile's first pixel
);

  // ---- where each lane is ----
  logic [Lanes-1:0][PairBits-1:0]    pair_q;
  logic [Lanes-1:0][CountBits-1:0]   tile_q;
  logic [Lanes-1:0][AddressBits-1:0] place_q;

  // ---- whose turn it is: a lane is chosen, its entry read (two cycles), then its words taken ----
  logic                found, choose, move, last_word;
  logic [LaneBits-1:0] choice, next_q, lane_q;
  logic [1:0]          read_q;                            // [1]: the entry of next_q is there
  logic                next_valid_q, serve_q;
  logic [WordBits-1:0] word_q;
  logic [EntryBits-1:0] read_entry, entry_q;
  logic [Lanes-1:0]    wants;
  logic                take;

  for (genvar l = 0; l < Lanes; l++) begin : gen_wants
    assign wants[l]   = valid_i[l] & ~(serve_q & (lane_q == LaneBits'(l))) & ~(next_valid_q & (next_q == LaneBits'(l)));
    assign ready_o[l] = serve_q & (lane_q == LaneBits'(l));
  end

  sned_choose #(
    .Count(Lanes)
  ) i_choose (
    .clk_i,
    .rst_ni,
    .wants_i(wants),
    .take_i (choose),
    .valid_o(found),
    .index_o(choice)
  );

  sned_ram #(
    .Width(EntryBits),
    .Depth(Lanes > 1 ? (1 << LaneBits) * TablePairs : 2 * TablePairs)
  ) i_table (
    .clk_i,
    .write_i        (table_write_i),
    .write_address_i(table_address_i),
    .write_data_i   (table_entry_i),
    .read_address_i ({next_q, pair_q[next_q]}),
    .read_data_o    (read_entry)
  );

  assign choose    = found & ~next_valid_q;
  assign take      = serve_q & valid_i[lane_q];
  assign last_word = take & (word_q == WordBits'(Group - 1));
  assign move      = next_valid_q & read_q[1] & (~serve_q | last_word);

  always_ff @(posedge clk_i) begin
    if (choose) begin
      next_q       <= choice;
      next_valid_q <= 1'b1;
      read_q       <= '0;
    end else begin
      read_q <= {read_q[0], next_valid_q};
      if (move) next_valid_q <= 1'b0;
    end
    if (move) begin
      serve_q <= 1'b1;
      lane_q  <= next_q;
      entry_q <= read_entry;
    end else if (last_word) begin
      serve_q <= 1'b0;
    end
    if (take) word_q <= last_word ? '0 : word_q + 1'b1;
    if (last_word) begin
      pair_q[lane_q] <= pair_q[lane_q] + 1'b1;
      if (entry_q[EntryBits-1]) begin
        pair_q[lane_q]  <= pair_first_i;
        tile_q[lane_q]  <= tile_q[lane_q] + 1'b1;
        place_q[lane_q] <= place_q[lane_q] + AddressBits'(Pixels);
      end
    end
    if (!rst_ni | start_i) begin
      next_valid_q <= 1'b0;
      serve_q      <= 1'b0;
      word_q       <= '0;
      pair_q       <= {Lanes{pair_first_i}};
      tile_q       <= '0;
      place_q      <= '0;
    end
  end

  assign take_o      = take;
  assign lane_o      = lane_q;
  assign word_o      = word_q;
  assign ends_o      = last_word;
  assign ends_lane_o = entry_q[EntryBits-1] & (tile_q[lane_q] == tiles_i - 1'b1);
  assign entry_o     = entry_q;
  assign place_o     = place_q[lane_q];

endmodule

`default_nettype wire
