// sned_vector - pools, copies, averages, sums, LRN and reduces, memory to memory, as a vector_t says. One set of multipliers, sned_weigh, scales them all.
//
// Reads: data comes 5 cycles after the cycle of read_o & read_ready_i. Writes cannot be refused: 25 at most come after the last read. busy_o is 0 once all writes have been handed over.
// Cycles from start_i to busy_o's first 0, when no read waits, with G groups of Multipliers results (twice as many if wide) in a row's last segment:
//   max      12 + reads                                   reads: channels x out_height x segments of a row x kernel_height x ceil(kernel_width / 3)
//   average  18 + G + reads                               if each segment has as many reads as the one before it has groups
//   add      12 + 2 ceil(length / AddLanes)
//   LRN      18 + ceil(length / LrnLanes) (channels + lrn_after)
//   reduce   14 + wide + ceil(log4(Pixels)) + (channels - 1) max(plane, 1 + wide) + plane    plane: height x ceil(width / Pixels)
`default_nettype none

module sned_vector
  import sned_pkg::*;
#(
  parameter int Pixels = 98,                              // bytes of a read or write; AddLanes or more
  parameter int AddressBits = 20,
  parameter int Multipliers = 32,                         // LrnLanes or more
  parameter int LrnLanes = 32,
  parameter int AddLanes = 64,                            // results of a sum at a time: Multipliers or more
  parameter int SumBits = 25
) (
  input  wire logic                   clk_i,
  input  wire logic                   rst_ni,
  input  wire logic                   start_i,
  input  wire vector_t                vector_i,           // stays while busy_o
  output      logic                   busy_o,
  // The LRN's table, written between layers.
  input  wire logic                   table_write_i,
  input  wire logic [9:0]             table_address_i,
  input  wire logic [15:0]            table_entry_i,
  output      logic                   read_o,
  input  wire logic                   read_ready_i,
  output      logic [AddressBits-1:0] read_address_o,
  input  wire logic [Pixels-1:0][7:0] read_data_i,
  output      logic                   write_o,
  output      logic [AddressBits-1:0] write_address_o,
  output      logic [Pixels-1:0]      write_enable_o,
  output      logic [Pixels-1:0][7:0] write_data_o
);

  localparam int Outputs = (Pixels - 3) / 3 + 1;
  localparam int PoolBits = $clog2(Multipliers + 1);
  localparam int CountBits = $clog2(AddLanes + 1);

  typedef logic [AddressBits-1:0] address_t;

  // Who starts; and from the next cycle on, who works.
  logic adds, normalises, reduces, is_max, is_add, is_lrn, is_reduce;

  assign adds       = vector_i.operation == VectorAdd;
  assign normalises = vector_i.operation == VectorLrn;
  assign reduces    = vector_i.operation == VectorReduce;

  always_ff @(posedge clk_i) begin
    is_max    <= vector_i.operation == VectorMax;
    is_add    <= adds;
    is_lrn    <= normalises;
    is_reduce <= reduces;
  end

  // ---- pools ----
  logic                                    pool_busy, pool_read, pool_write, pool_valid, pool_high;
  address_t                                pool_read_address, pool_write_address, pool_address;
  logic [$clog2(Outputs+1)-1:0]            pool_write_count;
  logic [Outputs-1:0][7:0]                 pool_write_data;
  logic signed [Multipliers-1:0][SumBits-1:0] pool_numbers;
  logic [PoolBits-1:0]                     pool_count;

  sned_pool #(
    .Pixels(Pixels), .AddressBits(AddressBits), .Lanes(Multipliers), .SumBits(SumBits)
  ) i_pool (
    .clk_i, .rst_ni, .start_i(start_i & ~adds & ~normalises & ~reduces), .vector_i, .busy_o(pool_busy), .read_o(pool_read), .read_ready_i,
    .read_address_o(pool_read_address), .read_data_i, .write_o(pool_write), .write_address_o(pool_write_address),
    .write_count_o(pool_write_count), .write_data_o(pool_write_data), .valid_o(pool_valid), .numbers_o(pool_numbers),
    .high_byte_o(pool_high), .address_o(pool_address), .count_o(pool_count)
  );

  // ---- planes ----
  logic                      reduce_busy, reduce_read, reduce_valid, reduce_high;
  address_t                  reduce_read_address, reduce_address;
  logic signed [SumBits-1:0] reduce_number;

  sned_reduce #(
    .Pixels(Pixels), .AddressBits(AddressBits), .SumBits(SumBits)
  ) i_reduce (
    .clk_i, .rst_ni, .start_i(start_i & reduces), .vector_i, .busy_o(reduce_busy), .read_o(reduce_read), .read_ready_i,
    .read_address_o(reduce_read_address), .read_data_i, .valid_o(reduce_valid), .number_o(reduce_number), .high_byte_o(reduce_high),
    .address_o(reduce_address)
  );

  // ---- sums ----
  logic                               add_busy, add_read, add_valid, add_second;
  address_t                           add_read_address, add_address;
  logic signed [AddLanes-1:0][8:0]    add_numbers;
  logic [CountBits-1:0]               add_count;

  sned_add #(
    .Lanes(AddLanes), .AddressBits(AddressBits)
  ) i_add (
    .clk_i, .rst_ni, .start_i(start_i & adds), .vector_i, .busy_o(add_busy), .read_o(add_read), .read_ready_i,
    .read_address_o(add_read_address), .read_data_i(read_data_i[AddLanes-1:0]), .valid_o(add_valid), .second_o(add_second),
    .numbers_o(add_numbers), .address_o(add_address), .count_o(add_count)
  );

  // ---- LRN ----
  logic                            lrn_busy, lrn_read, lrn_valid;
  address_t                        lrn_read_address, lrn_address;
  logic signed [LrnLanes-1:0][8:0] lrn_numbers;
  logic [LrnLanes-1:0][15:0]       lrn_multipliers;
  logic [$clog2(LrnLanes+1)-1:0]   lrn_count;

  sned_lrn #(
    .Lanes(LrnLanes), .AddressBits(AddressBits)
  ) i_lrn (
    .clk_i, .rst_ni, .start_i(start_i & normalises), .vector_i, .busy_o(lrn_busy), .table_write_i, .table_address_i, .table_entry_i,
    .read_o(lrn_read), .read_ready_i, .read_address_o(lrn_read_address), .read_data_i(read_data_i[LrnLanes-1:0]), .valid_o(lrn_valid),
    .numbers_o(lrn_numbers), .multipliers_o(lrn_multipliers), .address_o(lrn_address), .count_o(lrn_count)
  );

  // ---- their numbers, scaled ----
  logic                                    weigh_busy, weigh_write;
  logic signed [Multipliers-1:0][SumBits-1:0] numbers;
  logic [Multipliers-1:0][15:0]            multipliers;
  logic [15:0]                             multiplier;
  address_t                                weigh_in_address, weigh_address;
  logic [CountBits-1:0]                    weigh_in_count;
  logic [AddLanes-1:0]                     weigh_enable;
  logic [AddLanes-1:0][7:0]                weigh_data;

  always_comb begin
    multiplier = is_add & add_second ? vector_i.second_multiplier : vector_i.multiplier;
    for (int l = 0; l < Multipliers; l++) {numbers[l], multipliers[l]} = {is_add ? SumBits'($signed(add_numbers[l])) : pool_numbers[l], multiplier};
    if (is_reduce) numbers[0] = reduce_number;
    for (int l = 0; l < LrnLanes; l++) if (is_lrn) {numbers[l], multipliers[l]} = {SumBits'($signed(lrn_numbers[l])), lrn_multipliers[l]};
  end

  assign weigh_in_address = is_add ? add_address : is_lrn ? lrn_address : is_reduce ? reduce_address : pool_address;
  assign weigh_in_count   = is_add ? add_count : is_lrn ? CountBits'(lrn_count) : is_reduce ? CountBits'(1) : CountBits'(pool_count);

  sned_weigh #(
    .Lanes(AddLanes), .Multipliers(Multipliers), .NumberWidth(SumBits), .AddressBits(AddressBits)
  ) i_weigh (
    .clk_i, .rst_ni, .busy_o(weigh_busy), .shift_i(vector_i.shift), .low_i(vector_i.low), .high_i(vector_i.high),
    .valid_i(pool_valid | add_valid | lrn_valid | reduce_valid), .begin_i(~add_second | ~is_add), .end_i(add_second | ~is_add),
    .numbers_i(numbers), .multipliers_i(multipliers), .bytes_i(add_numbers), .multiplier_i(multiplier), .high_byte_i(pool_high | reduce_high), .address_i(weigh_in_address),
    .count_i(weigh_in_count), .write_o(weigh_write), .write_address_o(weigh_address), .write_enable_o(weigh_enable),
    .write_data_o(weigh_data)
  );

  assign read_o          = pool_read | add_read | lrn_read | reduce_read;
  assign read_address_o  = is_add ? add_read_address : is_lrn ? lrn_read_address : is_reduce ? reduce_read_address : pool_read_address;
  assign write_o         = weigh_write | pool_write;
  assign write_address_o = is_max ? pool_write_address : weigh_address;
  assign busy_o          = pool_busy | add_busy | lrn_busy | reduce_busy | weigh_busy;

  always_comb begin
    write_enable_o = Pixels'(weigh_enable);
    write_data_o   = (8 * Pixels)'(weigh_data);
    if (is_max) begin
      write_enable_o = '0;
      for (int i = 0; i < Outputs; i++) write_enable_o[i] = i < int'(pool_write_count);
      write_data_o = (8 * Pixels)'(pool_write_data);
    end
  end

endmodule

`default_nettype wire
