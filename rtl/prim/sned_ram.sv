// sned_ram - a block RAM with a write port and a read port of one clock.
//
// Latency 2: the address, then the output register. What is read while it is written is not defined.
`default_nettype none

module sned_ram #(
  parameter int Width = 72,
  parameter int Depth = 512
) (
  input  wire logic                     clk_i,
  input  wire logic                     write_i,
  input  wire logic [$clog2(Depth)-1:0] write_address_i,
  input  wire logic [Width-1:0]         write_data_i,
  input  wire logic [$clog2(Depth)-1:0] read_address_i,
  output      logic [Width-1:0]         read_data_o
);

  (* ram_style = "block" *) logic [Width-1:0] memory[Depth];
  logic [Width-1:0] read_q;

  always_ff @(posedge clk_i) begin
    if (write_i) memory[write_address_i] <= write_data_i;
    read_q      <= memory[read_address_i];
    read_data_o <= read_q;
  end

endmodule

`default_nettype wire
