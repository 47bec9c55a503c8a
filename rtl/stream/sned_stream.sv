// sned_stream - a lane's stream: a buffer that is loaded word by word and read once for each tile.
//
// A stream's first word says how many items and how many words follow ({words, items} of 24 bits each, the items lowest); each word has
// WordItems items. Of the buffer a Conv reads its own part, so that another's is written meanwhile. An item a cycle, but for 5 cycles after
// start_i. A stream of no items gives none.
`default_nettype none

module sned_stream
  import sned_pkg::*;
#(
  parameter int Words = 4096,
  parameter int CountBits = 12,                             // of tiles
  localparam int WordBits = $clog2(Words),
  localparam int Width = WordItems * ItemWidth
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  input  wire logic                 write_i,
  input  wire logic [WordBits-1:0]  write_address_i,
  input  wire logic [Width-1:0]     write_data_i,
  input  wire logic                 start_i,
  input  wire logic [WordBits-1:0]  first_i,
  input  wire logic [CountBits-1:0] tiles_i,
  output      logic                 more_o,                 // items are to come
  output      logic                 valid_o,
  input  wire logic                 ready_i,
  output      logic [ItemWidth-1:0] item_o
);

  localparam int Ahead = 4;                                 // words on their way or waiting
  localparam int AheadBits = $clog2(Ahead + 1);

  typedef enum logic [1:0] {Idle, Head, Run} state_t;

  state_t                     state_q;
  logic [2:0]                 head_q;                       // [2]: the head is there
  logic [WordBits-1:0]        address_q, words_q, left_q;   // left_q: words to ask for in this tile
  logic [CountBits-1:0]       tiles_q, tiles_left_q;        // to ask for, to give
  logic                       more_q;                       // tiles_left_q is not 0
  logic [ItemWidth-1:0]       items_q, items_left_q;        // of a tile; that are to be given
  logic [1:0]                 asked_q;                      // [1]: read_data is a word that was asked for
  logic [AheadBits-1:0]       ahead_q;
  logic [2:0]                 item_q;
  logic [Width-1:0]           read_data, word;
  logic                       item_ready, ask, word_valid, word_ready, there, take, last_item, fifo_ready;

  // Of URAM, where there is some: BRAM runs out first.
  sned_byte_ram #(
    .Bytes(Width / 8),
    .Depth(Words)
  ) i_words (
    .clk_i,
    .write_i,
    .write_address_i,
    .write_enable_i('1),
    .write_data_i,
    .read_address_i (address_q),
    .read_data_o    (read_data)
  );

  sned_fifo #(
    .Width(Width),
    .Depth(Ahead)
  ) i_ahead (
    .clk_i,
    .rst_ni (rst_ni & ~start_i),
    .valid_i(asked_q[1]),
    .ready_o(fifo_ready),
    .data_i (read_data),
    .valid_o(word_valid),
    .ready_i(word_ready),
    .data_o (word)
  );

  sned_skid #(
    .Width(ItemWidth)
  ) i_item (
    .clk_i,
    .rst_ni (rst_ni & ~start_i),
    .valid_i(there),
    .ready_o(item_ready),
    .data_i (word[item_q*ItemWidth+:ItemWidth]),
    .valid_o,
    .ready_i,
    .data_o (item_o)
  );

  assign ask        = (state_q == Run) & (tiles_q != '0) & (ahead_q != AheadBits'(Ahead));
  assign there      = word_valid & more_q;
  assign more_o     = ((state_q != Idle) & more_q) | valid_o;
  assign take       = there & item_ready;
  assign last_item  = items_left_q == ItemWidth'(1);
  assign word_ready = take & (last_item | (item_q == 3'(WordItems - 1)));

  always_ff @(posedge clk_i) begin
    head_q  <= {head_q[1:0], state_q == Head && head_q == '0};
    asked_q <= {asked_q[0], ask};
    ahead_q <= ahead_q + AheadBits'(ask) - AheadBits'(word_ready);
    if (state_q == Head & head_q[1]) begin                  // read_data is the head
      items_q      <= read_data[ItemWidth-1:0];
      items_left_q <= read_data[ItemWidth-1:0];
      words_q      <= read_data[ItemWidth+:WordBits];
      left_q       <= read_data[ItemWidth+:WordBits];
      address_q    <= first_i + 1'b1;
      state_q      <= read_data[ItemWidth-1:0] == '0 ? Idle : Run;
    end
    if (ask) begin
      left_q    <= left_q == WordBits'(1) ? words_q : left_q - 1'b1;
      address_q <= left_q == WordBits'(1) ? first_i + 1'b1 : address_q + 1'b1;
      if (left_q == WordBits'(1)) tiles_q <= tiles_q - 1'b1;
    end
    if (take) begin
      item_q       <= word_ready ? '0 : item_q + 1'b1;
      items_left_q <= last_item ? items_q : items_left_q - 1'b1;
      if (last_item) tiles_left_q <= tiles_left_q - 1'b1;
      if (last_item) more_q <= tiles_left_q != CountBits'(1);
    end
    if (start_i) begin
      state_q      <= Head;
      head_q       <= '0;
      address_q    <= first_i;
      tiles_q      <= tiles_i;
      tiles_left_q <= tiles_i;
      more_q       <= tiles_i != '0;
      asked_q      <= '0;
      ahead_q      <= '0;
      item_q       <= '0;
    end
    if (!rst_ni) begin
      state_q <= Idle;
      asked_q <= '0;
      ahead_q <= '0;
      tiles_left_q <= '0;
      more_q       <= 1'b0;
    end
  end

  logic unused;
  assign unused = &{1'b0, fifo_ready, head_q[2]};

endmodule

`default_nettype wire
