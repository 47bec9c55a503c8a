// sned_store - takes words of 16 bytes from the activation memory to DDR.
//
// Reads have the latency of sned_banks, 5; one is made where its word has room to wait for the write channel.
`default_nettype none

module sned_store
  import sned_pkg::*;
#(
  parameter int AddressBits = 21
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   start_i,
  input  wire store_t                 store_i,         // constant while busy_o
  output      logic                   busy_o,
  input  wire logic [63:0]            base_i,
  input  wire logic [63:0]            output_i,        // this image's
  output      logic                   read_o,
  input  wire logic                   read_ready_i,
  output      logic [AddressBits-1:0] read_address_o,
  input  wire logic [127:0]           read_data_i,
  // DDR.
  output      logic                   req_valid_o,
  input  wire logic                   req_ready_i,
  output      logic [63:0]            req_address_o,
  output      logic [23:0]            req_beats_o,
  output      logic                   data_valid_o,
  input  wire logic                   data_ready_i,
  output      logic [127:0]           data_o,
  input  wire logic                   done_i
);

  localparam int Memory = 5;
  localparam int Waiting = 16;
  localparam int WaitingBits = $clog2(Waiting + 1);

  logic                   ask_q, wants_q, fifo_ready, takes, leaves;  // wants_q: a word is to be read, and there is room
  logic [63:0]            address_q;
  logic [23:0]            left_q;
  logic [AddressBits-1:0] place_q;
  logic [Memory-1:0]      read_q;
  logic [WaitingBits-1:0] taken_q;                     // words asked for that have not left

  sned_fifo #(
    .Width(128),
    .Depth(Waiting)
  ) i_fifo (
    .clk_i,
    .rst_ni,
    .valid_i(read_q[Memory-1]),
    .ready_o(fifo_ready),
    .data_i (read_data_i),
    .valid_o(data_valid_o),
    .ready_i(data_ready_i),
    .data_o
  );

  assign req_valid_o    = ask_q;
  assign req_beats_o    = store_i.words;
  assign req_address_o  = address_q;
  assign takes          = read_o & read_ready_i;
  assign leaves         = data_valid_o & data_ready_i;
  assign read_o         = wants_q;
  assign read_address_o = place_q;

  always_ff @(posedge clk_i) begin
    read_q    <= {read_q[Memory-2:0], takes};
    address_q <= (store_i.moves ? output_i : base_i) + {28'b0, store_i.address, 4'b0};
    wants_q   <= (takes ? left_q > 24'd1 : left_q != '0) & (taken_q < WaitingBits'(Waiting - 1));
    taken_q <= taken_q + WaitingBits'(takes) - WaitingBits'(leaves);
    if (start_i) begin
      ask_q   <= store_i.words != '0;
      busy_o  <= store_i.words != '0;
      left_q  <= store_i.words;
      place_q <= AddressBits'(store_i.place);
    end else begin
      if (ask_q & req_ready_i) ask_q <= 1'b0;
      if (takes) begin
        left_q  <= left_q - 1'b1;
        place_q <= place_q + AddressBits'(16);
      end
      if (done_i) busy_o <= 1'b0;
    end
    if (!rst_ni) begin
      ask_q   <= 1'b0;
      busy_o  <= 1'b0;
      left_q  <= '0;
      wants_q <= 1'b0;
      read_q  <= '0;
      taken_q <= '0;
    end
  end

  logic unused;
  assign unused = &{1'b0, fifo_ready, store_i};

endmodule

`default_nettype wire
