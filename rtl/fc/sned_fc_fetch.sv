// sned_fc_fetch - what a port asks DDR for: its lengths of columns, ahead and in a row; the columns of inputs that are not 0; and in the
// end its records, twice where results are wide.
//
// Lengths are asked for Chunk beats at a time as long as there is room for them, before columns: the port is then never without. A tag
// of 0 says lengths or records; else it is the column's input. Four inputs that are 0, or a column, take a cycle.
`default_nettype none

module sned_fc_fetch
  import sned_pkg::*;
#(
  parameter int Room = 32,                              // beats of lengths, in flight or waiting: a power of two
  parameter int Chunk = 8
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             start_i,
  input  wire logic [15:0]      inputs_i,               // 1 or more, as are the records; constant while the layer runs
  input  wire logic [15:0]      records_i,              // beats
  input  wire logic             wide_i,
  input  wire logic [59:0]      base_i,                 // of the port's blocks, in units of 16 bytes
  // Inputs.
  input  wire logic             quad_valid_i,
  output      logic             quad_ready_o,
  input  wire logic [3:0][7:0]  quad_i,
  // Beats of lengths, 16 inputs each; there is always room.
  input  wire logic             length_valid_i,
  input  wire logic [127:0]     length_i,
  // Requests.
  output      logic             req_valid_o,
  input  wire logic             req_ready_i,
  output      logic [63:0]      req_address_o,
  output      logic [23:0]      req_beats_o,
  output      logic [7:0]       req_tag_o
);

  localparam int PlaceBits = 28;                        // a beat of the port's blocks
  localparam int RoomBits = $clog2(Room + 1);

  typedef struct packed {
    logic [PlaceBits-1:0] place;
    logic [15:0]          beats;
    logic [7:0]           tag;
  } request_t;

  // ---- lengths that came ----
  logic             length_valid, length_ready, fifo_ready;
  logic [3:0][31:0] length_quads;                       // of 4 inputs each
  logic [1:0]       turn_q;                             // which of them is next
  logic             ends_q;                             // it is the last of them

  sned_fifo #(.Width(128), .Depth(Room)) i_lengths (
    .clk_i, .rst_ni, .valid_i(length_valid_i), .ready_o(fifo_ready), .data_i(length_i),
    .valid_o(length_valid), .ready_i(length_ready), .data_o(length_quads)
  );

  // ---- four inputs and the lengths of their columns ----
  logic                 held_q, load, done;
  logic                 ask_lengths, ask_column, ask_records, free; // who asks; and that a request can be taken
  logic [3:0]           wanted, wanted_q, pick, rest;   // columns to be asked for
  logic                 none_q, last_q;                 // wanted_q is none; one or none
  logic [3:0][7:0]      value_q, length_q, length;
  logic [4:0][9:0]      ahead, ahead_q;               // beats of the columns before each, and of all
  logic [PlaceBits-1:0] column_q;                       // where the first of the four columns lies
  logic [13:0]          quads_q;                        // that have not been taken
  logic                 last_quad_q;                    // quads_q is 1
  logic                 column_taken;

  always_comb begin
    length   = length_quads[turn_q];
    ahead[0] = '0;
    ahead[1] = 10'(length[0]);
    ahead[2] = 10'(length[0]) + 10'(length[1]);
    ahead[3] = ahead[2] + 10'(length[2]);
    ahead[4] = ahead[2] + (10'(length[2]) + 10'(length[3]));
    for (int i = 0; i < 4; i++) wanted[i] = quad_i[i] != 0 && length[i] != 0;
  end


  assign pick         = {wanted_q[3] & ~|wanted_q[2:0], wanted_q[2] & ~|wanted_q[1:0], wanted_q[1] & ~wanted_q[0], wanted_q[0]};
  assign rest         = wanted_q & ~pick;
  assign done         = last_q & (none_q | (~ask_lengths & free));
  assign load         = (~held_q | done) & quad_valid_i & length_valid;
  assign quad_ready_o = load;
  assign length_ready = load & ends_q;

  always_ff @(posedge clk_i) begin
    if (column_taken) begin
      wanted_q <= rest;
      none_q   <= last_q;
      last_q   <= one_or_none(16'(rest));
    end
    if (held_q & done) begin
      held_q   <= 1'b0;
      column_q <= column_q + PlaceBits'(ahead_q[4]);
    end
    if (load) begin
      held_q      <= 1'b1;
      value_q     <= quad_i;
      length_q    <= length;
      ahead_q     <= ahead;
      wanted_q    <= wanted;
      none_q      <= wanted == '0;
      last_q      <= one_or_none(16'(wanted));
      quads_q     <= quads_q - 1'b1;
      turn_q      <= last_quad_q ? '0 : turn_q + 1'b1;
      ends_q      <= quads_q == 2 || (turn_q == 2'd2 && ~last_quad_q);
      last_quad_q <= quads_q == 2;
    end
    if (start_i) begin
      column_q    <= PlaceBits'(lengths_of(inputs_i)) + PlaceBits'(records_i);
      quads_q     <= 14'((17'(inputs_i) + 17'd3) >> 2);
      ends_q      <= inputs_i <= 16'd4;
      last_quad_q <= inputs_i <= 16'd4;
    end
    if (!rst_ni) begin
      held_q   <= 1'b0;
      wanted_q <= '0;
      none_q   <= 1'b1;
      last_q   <= 1'b1;
      quads_q  <= '0;
      turn_q   <= '0;
    end
  end

  function automatic logic [12:0] lengths_of(logic [15:0] inputs);
    return 13'((17'(inputs) + 17'd15) >> 4);
  endfunction

  // ---- who asks ----
  logic [12:0]         missing_q, asked_q;              // beats of lengths to be asked for, and asked for
  logic [RoomBits-1:0] free_q;
  logic [1:0]          records_q;                       // how many times records are still to be asked for
  logic [RoomBits-1:0] chunk, chunk_q;
  logic                lengths_q;                       // chunk_q of lengths are to be asked for, and there is room
  request_t            request, asked;

  assign chunk        = missing_q < 13'(Chunk) ? missing_q[RoomBits-1:0] : RoomBits'(Chunk);
  assign ask_lengths  = lengths_q;
  assign ask_column   = ~ask_lengths & held_q & ~none_q;
  assign ask_records  = ~ask_lengths & ~ask_column & ~held_q & quads_q == 0 & records_q != 0;
  assign column_taken = ask_column & free;

  always_comb begin
    request = '{place: PlaceBits'(asked_q), beats: 16'(chunk_q), tag: '0};
    if (ask_column) begin
      request = '{place: column_q, beats: '0, tag: '0};
      for (int i = 0; i < 4; i++)
        if (pick[i]) begin
          request.place = column_q + PlaceBits'(ahead_q[i]);
          request.beats = 16'(length_q[i]);
          request.tag   = value_q[i];
        end
    end
    if (ask_records) request = '{place: PlaceBits'(lengths_of(inputs_i)), beats: records_i, tag: '0};
  end

  sned_skid #(.Width($bits(request_t))) i_request (
    .clk_i, .rst_ni, .valid_i(ask_lengths | ask_column | ask_records), .ready_o(free), .data_i(request),
    .valid_o(req_valid_o), .ready_i(req_ready_i), .data_o(asked)
  );

  assign req_address_o = {base_i + 60'(asked.place), 4'b0};
  assign req_beats_o   = 24'(asked.beats);
  assign req_tag_o     = asked.tag;

  always_ff @(posedge clk_i) begin
    // From one request's going to the next one's asking both numbers stay, but for more room.
    lengths_q <= lengths_q ? ~free : missing_q != 0 && free_q >= chunk;
    chunk_q   <= lengths_q ? chunk_q : chunk;
    if (ask_lengths & free) begin
      missing_q <= missing_q - 13'(chunk_q);
      asked_q   <= asked_q + 13'(chunk_q);
    end
    free_q <= free_q - (ask_lengths & free ? chunk_q : '0) + RoomBits'(length_ready);
    if (ask_records & free) records_q <= records_q - 1'b1;
    if (start_i) begin
      missing_q <= lengths_of(inputs_i);
      asked_q   <= '0;
      records_q <= wide_i ? 2'd2 : 2'd1;
    end
    if (!rst_ni) begin
      lengths_q   <= 1'b0;
      missing_q   <= '0;
      records_q   <= '0;
      free_q      <= RoomBits'(Room);
    end
  end

  logic unused;
  assign unused = ^{fifo_ready, 1'b0};

endmodule

`default_nettype wire
