// sned_memory - the activation memory and who may use it: a read and a write of up to Width bytes a cycle.
//
// A reader or writer of a lower number goes first; ready_o says who was taken. A read's data comes 5 cycles later, a write is done 3 cycles
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

  logic [AddressBits-1:0] read_address, write_address;
  logic [Width-1:0]       write_enable;
  logic [Width-1:0][7:0]  write_data;

  always_comb begin
    read_address = read_address_i[Readers-1];
    for (int r = Readers - 1; r >= 0; r--) if (read_i[r]) read_address = read_address_i[r];
    for (int r = 0; r < Readers; r++) begin
      read_ready_o[r] = 1'b1;
      for (int other = 0; other < r; other++) if (read_i[other]) read_ready_o[r] = 1'b0;
    end
    write_address = write_address_i[Writers-1];
    write_enable  = write_enable_i[Writers-1];
    write_data    = write_data_i[Writers-1];
    for (int w = Writers - 1; w >= 0; w--)
      if (write_i[w]) begin
        write_address = write_address_i[w];
        write_enable  = write_enable_i[w];
        write_data    = write_data_i[w];
      end
    for (int w = 0; w < Writers; w++) begin
      write_ready_o[w] = 1'b1;
      for (int other = 0; other < w; other++) if (write_i[other]) write_ready_o[w] = 1'b0;
    end
  end

  sned_banks #(
    .Width    (Width),
    .LineBytes(LineBytes),
    .Lines    (Lines)
  ) i_banks (
    .clk_i,
    .read_address_i (read_address),
    .read_data_o,
    .write_i        (|write_i),
    .write_address_i(write_address),
    .write_enable_i (write_enable),
    .write_data_i   (write_data)
  );

endmodule

`default_nettype wire
