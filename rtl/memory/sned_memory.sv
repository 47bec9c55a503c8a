// sned_memory - the activation memory and who may use it: a read and a write of up to Width bytes a cycle.
//
// A reader or writer of a lower number goes first; ready_o says who was taken. A read's data comes 5 cycles later, a write is done 4 cycles
// later.
`default_nettype none

module sned_memory #(
  parameter int Width = 98,
  parameter int LineBytes = 64,
  parameter int Lines = 32768,
  parameter int Readers = 4,
  parameter int Writers = 4,
  localparam int AddressBits = $clog2(Lines * LineBytes)
) (
  input  wire logic                                clk_i,
  input  wire logic [Readers-1:0]                  read_i,
  output      logic [Readers-1:0]                  read_ready_o,
  input  wire logic [Readers-1:0][AddressBits-1:0] read_address_i,
  output      logic [Width-1:0][7:0]               read_data_o,
  input  wire logic [Writers-1:0]                  write_i,
  output      logic [Writers-1:0]                  write_ready_o,
  input  wire logic [Writers-1:0][AddressBits-1:0] write_address_i,
  input  wire logic [Writers-1:0][Width-1:0]       write_enable_i,
  input  wire logic [Writers-1:0][Width-1:0][7:0]  write_data_i
);

  localparam int ReaderBits = Readers > 1 ? $clog2(Readers) : 1;
  localparam int WriterBits = Writers > 1 ? $clog2(Writers) : 1;

  logic [ReaderBits-1:0] reader;                            // whose turn it is
  logic [WriterBits-1:0] writer;

  always_comb begin
    reader = ReaderBits'(Readers - 1);
    writer = WriterBits'(Writers - 1);
    for (int r = Readers - 1; r >= 0; r--) if (read_i[r]) reader = ReaderBits'(r);
    for (int w = Writers - 1; w >= 0; w--) if (write_i[w]) writer = WriterBits'(w);
    for (int r = 0; r < Readers; r++) begin
      read_ready_o[r] = 1'b1;
      for (int other = 0; other < r; other++) if (read_i[other]) read_ready_o[r] = 1'b0;
    end
    for (int w = 0; w < Writers; w++) begin
      write_ready_o[w] = 1'b1;
      for (int other = 0; other < w; other++) if (write_i[other]) write_ready_o[w] = 1'b0;
    end
  end

  // What is written passes a register: it comes from far, through the choice above and the turning in sned_banks.
  logic                    write_q;
  logic [AddressBits-1:0]  write_address_q;
  logic [Width-1:0]        write_enable_q;
  logic [Width-1:0][7:0]   write_data_q;

  always_ff @(posedge clk_i) begin
    write_q         <= |write_i;
    write_address_q <= write_address_i[writer];
    write_enable_q  <= write_enable_i[writer];
    write_data_q    <= write_data_i[writer];
  end

  sned_banks #(
    .Width    (Width),
    .LineBytes(LineBytes),
    .Lines    (Lines)
  ) i_banks (
    .clk_i,
    .read_address_i (read_address_i[reader]),
    .read_data_o,
    .write_i        (write_q),
    .write_address_i(write_address_q),
    .write_enable_i (write_enable_q),
    .write_data_i   (write_data_q)
  );

endmodule

`default_nettype wire
