// sned_byte_ram - a large RAM (URAM where there is one) with an enable for each byte written and a read port.
//
// Latency 2: the address, then the output register. What is read while it is written is not defined.
`default_nettype none

module sned_byte_ram #(
  parameter int Bytes = 64,
  parameter int Depth = 4096
) (
  input  wire logic                     clk_i,
  input  wire logic                     write_i,
  input  wire logic [$clog2(Depth)-1:0] write_address_i,
  input  wire logic [Bytes-1:0]         write_enable_i,
  input  wire logic [Bytes-1:0][7:0]    write_data_i,
  input  wire logic [$clog2(Depth)-1:0] read_address_i,
  output      logic [Bytes-1:0][7:0]    read_data_o
);

  (* ram_style = "ultra" *) logic [8*Bytes-1:0] memory[Depth];
  logic [8*Bytes-1:0] read_q;

  always_ff @(posedge clk_i) begin
    for (int i = 0; i < Bytes; i++)
      if (write_i & write_enable_i[i]) memory[write_address_i][8*i+:8] <= write_data_i[i];
    read_q      <= memory[read_address_i];
    read_data_o <= read_q;
  end

endmodule

`default_nettype wire
