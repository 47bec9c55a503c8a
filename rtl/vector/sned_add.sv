// sned_add - the two operands of a sum, Lanes bytes of each in turn, from memory to sned_weigh: vector_t's VectorAdd.
//
// Two reads for Lanes results. An operand leaves in the cycle in which its read's data comes.
`default_nettype none

module sned_add
  import sned_pkg::*;
#(
  parameter int Lanes = 32,
  parameter int AddressBits = 20,
  localparam int CountBits = $clog2(Lanes + 1)
) (
  input  wire logic                          clk_i,
  input  wire logic                          rst_ni,
  input  wire logic                          start_i,
  input  wire vector_t                       vector_i,
  output      logic                          busy_o,
  output      logic                          read_o,
  input  wire logic                          read_ready_i,
  output      logic [AddressBits-1:0]        read_address_o,
  input  wire logic [Lanes-1:0][7:0]         read_data_i,
  // To sned_weigh.
  output      logic                          valid_o,
  output      logic                          second_o,      // of b, and so the last of a sum
  output      logic signed [Lanes-1:0][8:0]  numbers_o,
  output      logic [AddressBits-1:0]        address_o,
  output      logic [CountBits-1:0]          count_o
);

  localparam int Memory = 5;

  typedef struct packed {
    logic                   valid;
    logic                   second;
    logic [AddressBits-1:0] address;
    logic [CountBits-1:0]   count;
  } tag_t;

  tag_t [Memory-1:0]      tag_q;
  logic                   running_q, second_q, go, last, in_flight;
  logic [23:0]            left_q;                           // results
  logic [AddressBits-1:0] a_q, b_q, out_q;

  assign read_o         = running_q;
  assign read_address_o = second_q ? b_q : a_q;
  assign go             = running_q & read_ready_i;
  assign last           = left_q <= 24'(Lanes);

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      running_q <= 1'b1;
      second_q  <= 1'b0;
      left_q    <= vector_i.length;
      a_q       <= AddressBits'(vector_i.base);
      b_q       <= AddressBits'(vector_i.second);
      out_q     <= AddressBits'(vector_i.out_base);
    end else if (go) begin
      second_q <= ~second_q;
      if (second_q) begin
        running_q <= ~last;
        left_q    <= left_q - 24'(Lanes);
        a_q       <= a_q + AddressBits'(Lanes);
        b_q       <= b_q + AddressBits'(Lanes);
        out_q     <= out_q + AddressBits'(Lanes);
      end
    end
    tag_q <= {tag_q[Memory-2:0], tag_t'{valid: go, second: second_q, address: out_q, count: last ? CountBits'(left_q) : CountBits'(Lanes)}};
    if (!rst_ni) begin
      running_q <= 1'b0;
      tag_q     <= '0;
    end
  end

  always_comb begin
    in_flight = 1'b0;
    for (int i = 0; i < Memory; i++) in_flight |= tag_q[i].valid;
    for (int i = 0; i < Lanes; i++)
      numbers_o[i] = {(second_o ? vector_i.second_signed : vector_i.is_signed) & read_data_i[i][7], read_data_i[i]};
  end

  assign busy_o    = running_q | in_flight;
  assign valid_o   = tag_q[Memory-1].valid;
  assign second_o  = tag_q[Memory-1].second;
  assign address_o = tag_q[Memory-1].address;
  assign count_o   = tag_q[Memory-1].count;

  logic unused;
  assign unused = &{1'b0, vector_i};

endmodule

`default_nettype wire
