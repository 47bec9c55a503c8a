// sned_lutram - a small RAM in look-up tables: writes on the clock, reads at once.
`default_nettype none

module sned_lutram #(
  parameter int Width = 54,
  parameter int Depth = 128
) (
  input  wire logic                     clk_i,
  input  wire logic                     write_i,
  input  wire logic [$clog2(Depth)-1:0] write_address_i,
  input  wire logic [Width-1:0]         write_data_i,
  input  wire logic [$clog2(Depth)-1:0] read_address_i,
  output      logic [Width-1:0]         read_data_o
);

  (* ram_style = "distributed" *) logic [Width-1:0] memory[Depth];

  assign read_data_o = memory[read_address_i];

  always_ff @(posedge clk_i) if (write_i) memory[write_address_i] <= write_data_i;

endmodule

`default_nettype wire
