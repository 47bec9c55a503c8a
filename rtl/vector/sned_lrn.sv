// sned_lrn - local response normalisation of Lanes pixels at a time, from memory to sned_weigh: vector_t's VectorLrn.
//
// For each group of Lanes pixels a read a channel, and lrn_after more, whose data count as 0. A number and its multiplier leave 11 cycles after the
// read of the channel lrn_after behind it.
`default_nettype none

module sned_lrn
  import sned_pkg::*;
#(
  parameter int Lanes = 16,
  parameter int AddressBits = 20,
  localparam int CountBits = $clog2(Lanes + 1)
) (
  input  wire logic                         clk_i,
  input  wire logic                         rst_ni,
  input  wire logic                         start_i,
  input  wire vector_t                      vector_i,
  output      logic                         busy_o,
  input  wire logic                         table_write_i,
  input  wire logic [9:0]                   table_address_i,
  input  wire logic [15:0]                  table_entry_i,
  output      logic                         read_o,
  input  wire logic                         read_ready_i,
  output      logic [AddressBits-1:0]       read_address_o,
  input  wire logic [Lanes-1:0][7:0]        read_data_i,
  // To sned_weigh.
  output      logic                         valid_o,
  output      logic signed [Lanes-1:0][8:0] numbers_o,
  output      logic [Lanes-1:0][15:0]       multipliers_o,
  output      logic [AddressBits-1:0]       address_o,
  output      logic [CountBits-1:0]         count_o
);

  localparam int Memory = 5;
  localparam int Pixel = 6;                                // latency of sned_lrn_pixel
  localparam int StepBits = 17;

  typedef struct packed {
    logic                   valid;
    logic                   begins;
    logic                   leaves;
    logic                   is_channel;                    // not one of the 0s behind the last
    logic                   writes;
    logic [AddressBits-1:0] address;
    logic [CountBits-1:0]   count;
  } tag_t;

  tag_t                     tag;
  tag_t [Memory+Pixel-1:0]  tag_q;                         // [Memory-1]: beside read_data_i
  logic                     running_q, go, last_step, last, in_flight;
  logic [StepBits-1:0]      step_q, last_q;                // within a group; of a group
  logic [23:0]              left_q;                        // pixels
  logic [AddressBits-1:0]   in_q, in_group_q, out_q, out_group_q;

  assign read_o         = running_q;
  assign read_address_o = in_q;
  assign go             = running_q & read_ready_i;
  assign last_step      = step_q == last_q;
  assign last           = left_q <= 24'(Lanes);
  assign tag            = '{
      valid: go,
      begins: step_q == '0,
      leaves: step_q >= StepBits'(vector_i.lrn_size),
      is_channel: step_q < StepBits'(vector_i.channels),
      writes: go & (step_q >= StepBits'(vector_i.lrn_after)),
      address: out_q,
      count: last ? CountBits'(left_q) : CountBits'(Lanes)
  };

  always_ff @(posedge clk_i) begin
    last_q <= StepBits'(vector_i.channels) + StepBits'(vector_i.lrn_after) - 1'b1;
    if (start_i) begin
      running_q   <= 1'b1;
      step_q      <= '0;
      left_q      <= vector_i.length;
      in_q        <= AddressBits'(vector_i.base);
      in_group_q  <= AddressBits'(vector_i.base);
      out_q       <= AddressBits'(vector_i.out_base);
      out_group_q <= AddressBits'(vector_i.out_base);
    end else if (go) begin
      step_q <= step_q + 1'b1;
      in_q   <= in_q + AddressBits'(vector_i.plane);
      if (tag.writes) out_q <= out_q + AddressBits'(vector_i.out_plane);
      if (last_step) begin
        step_q      <= '0;
        left_q      <= left_q - 24'(Lanes);
        in_q        <= in_group_q + AddressBits'(Lanes);
        in_group_q  <= in_group_q + AddressBits'(Lanes);
        out_q       <= out_group_q + AddressBits'(Lanes);
        out_group_q <= out_group_q + AddressBits'(Lanes);
        running_q   <= ~last;
      end
    end
    tag_q <= {tag_q[Memory+Pixel-2:0], tag};
    if (!rst_ni) begin
      running_q <= 1'b0;
      tag_q     <= '0;
    end
  end

  for (genvar l = 0; l < Lanes; l++) begin : gen_pixel
    logic signed [8:0] value;

    assign value = tag_q[Memory-1].is_channel ? {vector_i.is_signed & read_data_i[l][7], read_data_i[l]} : '0;

    sned_lrn_pixel i_pixel (
      .clk_i,
      .rst_ni,
      .step_i  (tag_q[Memory-1].valid),
      .begin_i (tag_q[Memory-1].begins),
      .leaves_i(tag_q[Memory-1].leaves),
      .value_i (value),
      .size_i  (vector_i.lrn_size),
      .after_i (vector_i.lrn_after),
      .table_write_i,
      .table_address_i,
      .table_entry_i,
      .value_o (numbers_o[l]),
      .entry_o (multipliers_o[l])
    );
  end

  always_comb begin
    in_flight = 1'b0;
    for (int i = 0; i < Memory + Pixel; i++) in_flight |= tag_q[i].writes;
  end

  assign busy_o    = running_q | in_flight;
  assign valid_o   = tag_q[Memory+Pixel-1].writes;
  assign address_o = tag_q[Memory+Pixel-1].address;
  assign count_o   = tag_q[Memory+Pixel-1].count;

  logic unused;
  assign unused = &{1'b0, vector_i, tag_q};

endmodule

`default_nettype wire
