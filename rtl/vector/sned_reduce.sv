// sned_reduce - the sum of each plane, up to Pixels bytes of a row a read, from memory to sned_weigh: vector_t's VectorReduce.
//
// A read goes where read_ready_i is 1, Memory cycles before its data. A tree adds up its bytes, four a stage. A sum leaves Memory + Stages + 2 cycles
// after its plane's last read. Wide ones stay for a second cycle, for their upper bytes: last reads in neighbouring cycles are kept apart by one.
`default_nettype none

module sned_reduce
  import sned_pkg::*;
#(
  parameter int Pixels = 98,                               // bytes of a read
  parameter int AddressBits = 20,
  parameter int SumBits = 25
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,
  input  wire logic                      start_i,
  input  wire vector_t                   vector_i,
  output      logic                      busy_o,
  output      logic                      read_o,
  input  wire logic                      read_ready_i,
  output      logic [AddressBits-1:0]    read_address_o,
  input  wire logic [Pixels-1:0][7:0]    read_data_i,
  // To sned_weigh.
  output      logic                      valid_o,
  output      logic signed [SumBits-1:0] number_o,
  output      logic                      high_byte_o,
  output      logic [AddressBits-1:0]    address_o
);

  localparam int Memory = 5;
  localparam int Stages = ($clog2(Pixels) + 1) / 2;
  localparam int Latency = Memory + 1 + Stages;            // from a read to its sum
  localparam int EdgeBits = $clog2(Pixels + 1);

  typedef logic [AddressBits-1:0] address_t;

  // ---- reads ----
  logic        running_q, apart_q, go, last_piece, last_row, ends;
  logic [15:0] channels_q;                                 // left, as are the next
  extent_t     rows_q, columns_q;
  address_t    plane_q, row_q, in_q, next_plane, next_row;

  assign last_piece     = columns_q <= SizeWidth'(Pixels);
  assign last_row       = rows_q <= SizeWidth'(1);
  assign ends           = last_piece & last_row;
  assign next_plane     = plane_q + address_t'(vector_i.plane);
  assign next_row       = last_row ? next_plane : row_q + address_t'(vector_i.pitch);
  assign read_o         = running_q & ~(apart_q & ends);
  assign read_address_o = in_q;
  assign go             = read_o & read_ready_i;

  always_ff @(posedge clk_i) begin
    apart_q <= go & ends & vector_i.wide;
    if (start_i) begin
      running_q  <= 1'b1;
      channels_q <= vector_i.channels;
      rows_q     <= vector_i.height;
      columns_q  <= vector_i.width;
      plane_q    <= address_t'(vector_i.base);
      row_q      <= address_t'(vector_i.base);
      in_q       <= address_t'(vector_i.base);
    end else if (go) begin
      columns_q <= last_piece ? vector_i.width : columns_q - SizeWidth'(Pixels);
      in_q      <= last_piece ? next_row : in_q + address_t'(Pixels);
      if (last_piece) begin
        rows_q <= last_row ? vector_i.height : rows_q - 1'b1;
        row_q  <= next_row;
      end
      if (ends) begin
        channels_q <= channels_q - 1'b1;
        plane_q    <= next_plane;
        running_q  <= channels_q > 16'd1;
      end
    end
    if (!rst_ni) running_q <= 1'b0;
  end

  // ---- their bytes; 0 where a row has no more, and in cycles without a read ----
  logic [Memory-2:0][EdgeBits-1:0] count_q;
  logic [Pixels-1:0]               inside_q;               // beside read_data_i
  logic [Pixels-1:0][8:0]          taken_q;

  always_ff @(posedge clk_i) begin
    count_q <= {count_q[Memory-3:0], ~go ? EdgeBits'(0) : last_piece ? EdgeBits'(columns_q) : EdgeBits'(Pixels)};
    for (int p = 0; p < Pixels; p++) begin
      inside_q[p] <= EdgeBits'(p) < count_q[Memory-2];
      taken_q[p]  <= inside_q[p] ? {vector_i.is_signed & read_data_i[p][7], read_data_i[p]} : '0;
    end
    if (!rst_ni) count_q <= '0;
  end

  // ---- the tree ----
  for (genvar s = 0; s < Stages; s++) begin : gen_stage
    localparam int Sums = (Pixels + 4 ** (s + 1) - 1) / 4 ** (s + 1);
    localparam int Bits = 9 + 2 * s;

    logic [4*Sums-1:0][Bits-1:0] numbers;
    logic [Sums-1:0][Bits+1:0]   sums_q;

    if (s == 0) begin : gen_bytes
      assign numbers = (4 * Sums * Bits)'(taken_q);
    end else begin : gen_sums
      assign numbers = (4 * Sums * Bits)'(gen_stage[s-1].sums_q);
    end

    always_ff @(posedge clk_i)
      for (int i = 0; i < Sums; i++)
        sums_q[i] <= ((Bits + 2)'($signed(numbers[4*i])) + (Bits + 2)'($signed(numbers[4*i+1]))) +
            ((Bits + 2)'($signed(numbers[4*i+2])) + (Bits + 2)'($signed(numbers[4*i+3])));
  end

  // ---- the plane's sum ----
  logic [Latency-1:0]        ends_q;                       // [Latency-1]: beside the tree's sum
  logic                      sum_valid_q, high_q;
  logic signed [SumBits-1:0] part_q, part, sum_q;
  address_t                  out_q, upper_q;

  assign part = part_q + SumBits'($signed(gen_stage[Stages-1].sums_q));

  always_ff @(posedge clk_i) begin
    ends_q      <= {ends_q[Latency-2:0], go & ends};
    part_q      <= ends_q[Latency-1] | start_i ? '0 : part;  // start_i: a reset may have left bytes in the tree
    sum_valid_q <= ends_q[Latency-1];
    high_q      <= sum_valid_q & vector_i.wide;
    upper_q     <= address_t'(vector_i.second) - address_t'(vector_i.out_base);
    if (ends_q[Latency-1]) sum_q <= part;
    if (start_i) out_q <= address_t'(vector_i.out_base);
    else if (high_q | (sum_valid_q & ~vector_i.wide)) out_q <= out_q + address_t'(vector_i.out_plane);
    if (!rst_ni) begin
      ends_q      <= '0;
      part_q      <= '0;
      sum_valid_q <= 1'b0;
      high_q      <= 1'b0;
    end
  end

  assign busy_o      = running_q | valid_o | ends_q != '0;
  assign valid_o     = sum_valid_q | high_q;
  assign number_o    = sum_q;
  assign high_byte_o = high_q;
  assign address_o   = high_q ? out_q + upper_q : out_q;

  logic unused;
  assign unused = &{1'b0, vector_i};

endmodule

`default_nettype wire
