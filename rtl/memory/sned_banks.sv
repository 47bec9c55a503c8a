// sned_banks - bytes in four banks, so that any Width bytes in a row are read, or written, in one cycle.
//
// Line l of LineBytes bytes lies in bank l mod 4 at l div 4. A byte address of Width <= 3 LineBytes + 1 bytes meets each
// bank at most once. Reads: latency 5. Writes have an enable for each byte, and are done 3 cycles later; what is read
// between is not defined.
`default_nettype none

module sned_banks #(
  parameter int Width = 98,
  parameter int LineBytes = 64,
  parameter int Lines = 16384,                              // a multiple of 4
  localparam int AddressBits = $clog2(Lines * LineBytes)
) (
  input  wire logic                   clk_i,
  input  wire logic [AddressBits-1:0] read_address_i,
  output      logic [Width-1:0][7:0]  read_data_o,
  input  wire logic                   write_i,
  input  wire logic [AddressBits-1:0] write_address_i,
  input  wire logic [Width-1:0]       write_enable_i,
  input  wire logic [Width-1:0][7:0]  write_data_i
);

  localparam int OffsetBits = $clog2(LineBytes);
  localparam int RowBits = AddressBits - OffsetBits - 2;
  localparam int Window = 4 * LineBytes;
  localparam int PlaceBits = OffsetBits + 2;                // a byte of the window
  localparam int Reach = LineBytes - 1 + Width;             // bytes from a line's begin on that an access can meet

  // Bank b holds, of the four lines from the address's own on, the one before which the address lies: the next row where b
  // comes before its bank.
  function automatic logic [RowBits-1:0] row_of(logic [RowBits+1:0] line, logic [1:0] bank);
    return line[RowBits+1:2] + RowBits'(bank < line[1:0]);
  endfunction

  // Modulo 4.
  function automatic logic [1:0] sum_of(logic [1:0] a, logic [1:0] b);
    return a + b;
  endfunction

  function automatic logic [1:0] difference_of(logic [1:0] a, logic [1:0] b);
    return a - b;
  endfunction

  logic [3:0][LineBytes-1:0][7:0] read_lines;
  logic [3:0][RowBits-1:0]        read_rows_q, write_rows_q;

  // ---- reading: rows, the RAM's two cycles, then the window turned: lines first, then bytes ----
  logic [3:1][PlaceBits-1:0]      place_q;
  logic [Reach-1:0][7:0]          turned_q;
  logic [OffsetBits-1:0]          offset_q4;
  logic [Width-1:0][7:0]          read_bytes;

  always_ff @(posedge clk_i) begin
    for (int b = 0; b < 4; b++) read_rows_q[b] <= row_of(read_address_i[AddressBits-1:OffsetBits], 2'(b));
    place_q <= {place_q[2:1], read_address_i[PlaceBits-1:0]};
    for (int i = 0; i < Reach; i++)
      turned_q[i] <= read_lines[sum_of(2'(i / LineBytes), place_q[3][PlaceBits-1:OffsetBits])][i%LineBytes];
    offset_q4   <= place_q[3][OffsetBits-1:0];
    read_data_o <= read_bytes;
  end

  sned_shift_down #(.Width(8), .Inputs(Reach), .Outputs(Width), .AmountBits(OffsetBits)) i_read_shift (
    .data_i(turned_q), .amount_i(offset_q4), .data_o(read_bytes));

  // ---- writing: the bytes turned, lines, then the RAM ----
  logic                           write_q, write_q2;
  logic [1:0]                     write_line_q;
  logic [Width-1:0][8:0]          write_bytes;              // bit 8: its enable
  logic [Reach-1:0][8:0]          shifted, shifted_q;
  logic [Window-1:0][7:0]         write_lines_q;
  logic [Window-1:0]              write_enable_q;
  logic [3:0][RowBits-1:0]        write_rows_q2;

  for (genvar p = 0; p < Width; p++) begin : gen_write_byte
    assign write_bytes[p] = {write_enable_i[p], write_data_i[p]};
  end

  sned_shift_up #(.Width(9), .Inputs(Width), .Outputs(Reach), .AmountBits(OffsetBits)) i_write_shift (
    .data_i(write_bytes), .amount_i(write_address_i[OffsetBits-1:0]), .data_o(shifted));

  always_ff @(posedge clk_i) begin
    for (int b = 0; b < 4; b++) write_rows_q[b] <= row_of(write_address_i[AddressBits-1:OffsetBits], 2'(b));
    shifted_q    <= shifted;
    write_line_q <= write_address_i[PlaceBits-1:OffsetBits];
    write_q      <= write_i;
    for (int i = 0; i < Window; i++) begin
      automatic int place = int'(difference_of(2'(i / LineBytes), write_line_q)) * LineBytes + i % LineBytes;
      {write_enable_q[i], write_lines_q[i]} <= place < Reach ? shifted_q[place] : '0;
    end
    write_rows_q2 <= write_rows_q;
    write_q2      <= write_q;
  end

  for (genvar b = 0; b < 4; b++) begin : gen_bank
    sned_byte_ram #(
      .Bytes(LineBytes),
      .Depth(Lines / 4)
    ) i_ram (
      .clk_i,
      .write_i        (write_q2),
      .write_address_i(write_rows_q2[b]),
      .write_enable_i (write_enable_q[b*LineBytes+:LineBytes]),
      .write_data_i   (write_lines_q[b*LineBytes+:LineBytes]),
      .read_address_i (read_rows_q[b]),
      .read_data_o    (read_lines[b])
    );
  end

endmodule

`default_nettype wire
