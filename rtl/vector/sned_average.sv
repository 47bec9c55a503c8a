// sned_average - hands a segment's sums to sned_weigh, Lanes at a time, while sned_pool adds up the next: vector_t's VectorAverage.
//
// Wide results go twice, for their lower and their upper bytes. A segment's last read may go (end_ready_o) when the sums of the segment before
// will have been handed on by the time its own come: from last read to sums is the same way for both, so the reads are kept apart by as much.
`default_nettype none

module sned_average
  import sned_pkg::*;
#(
  parameter int Outputs = 32,
  parameter int Lanes = 32,
  parameter int SumBits = 25,
  parameter int AddressBits = 20,
  localparam int OutputBits = $clog2(Outputs + 1),
  localparam int CountBits = $clog2(Lanes + 1)
) (
  input  wire logic                                   clk_i,
  input  wire logic                                   rst_ni,
  input  wire vector_t                                vector_i,
  output      logic                                   busy_o,
  // sned_pool.
  output      logic                                   end_ready_o,
  input  wire logic                                   end_i,
  input  wire logic [OutputBits-1:0]                  end_count_i,
  input  wire logic                                   valid_i,
  input  wire logic signed [Outputs-1:0][SumBits-1:0] sums_i,
  input  wire logic [AddressBits-1:0]                 address_i,
  input  wire logic [OutputBits-1:0]                  count_i,
  // To sned_weigh.
  output      logic                                   valid_o,
  output      logic signed [Lanes-1:0][SumBits-1:0]   numbers_o,
  output      logic                                   high_byte_o,
  output      logic [AddressBits-1:0]                 address_o,
  output      logic [CountBits-1:0]                   count_o
);

  localparam int Groups = (Outputs + Lanes - 1) / Lanes;
  localparam int GroupBits = $clog2(2 * Groups + 1);
  localparam int LeftBits = OutputBits > CountBits ? OutputBits : CountBits;

  // ---- when the next segment may end ----
  logic [GroupBits-1:0] wait_q, steps;

  always_comb begin
    steps = '0;
    for (int g = 0; g < Groups; g++) if (int'(end_count_i) > g * Lanes) steps = GroupBits'(g + 1);
    if (vector_i.wide) steps = {steps[GroupBits-2:0], 1'b0};
  end

  assign end_ready_o = wait_q == '0;

  always_ff @(posedge clk_i) begin
    if (end_i) wait_q <= steps - 1'b1;
    else if (wait_q != '0) wait_q <= wait_q - 1'b1;
    if (!rst_ni) wait_q <= '0;
  end

  // ---- the segment that is handed on ----
  logic signed [Groups*Lanes-1:0][SumBits-1:0] sums_q;
  logic [LeftBits-1:0]                         left_q;    // results
  logic [AddressBits-1:0]                      address_q, upper_q;
  logic                                        high_q, next;

  assign next = ~vector_i.wide | high_q;

  always_ff @(posedge clk_i) begin
    upper_q <= AddressBits'(vector_i.second) - AddressBits'(vector_i.out_base);
    if (valid_i) begin
      sums_q    <= (Groups * Lanes * SumBits)'($unsigned(sums_i));
      left_q    <= LeftBits'(count_i);
      address_q <= address_i;
      high_q    <= 1'b0;
    end else if (left_q != '0) begin
      high_q <= vector_i.wide & ~high_q;
      if (next) begin
        for (int i = 0; i < (Groups - 1) * Lanes; i++) sums_q[i] <= sums_q[i+Lanes];
        left_q    <= left_q > LeftBits'(Lanes) ? left_q - LeftBits'(Lanes) : '0;
        address_q <= address_q + AddressBits'(Lanes);
      end
    end
    if (!rst_ni) begin
      left_q <= '0;
      high_q <= 1'b0;
    end
  end

  assign valid_o     = left_q != '0;
  assign busy_o      = valid_o;
  assign numbers_o   = sums_q[Lanes-1:0];
  assign high_byte_o = high_q;
  assign address_o   = high_q ? address_q + upper_q : address_q;
  assign count_o     = left_q > LeftBits'(Lanes) ? CountBits'(Lanes) : CountBits'(left_q);

  logic unused;
  assign unused = &{1'b0, vector_i};

endmodule

`default_nettype wire
