// sned_fc_decode - beats of columns to entries with their rows, and for each lane a mask of those that are its own.
//
// Latency 5; never stalls. Entry j of a beat lies `gap` rows behind the one before; a weight of 0 stands for none, and for a step of
// (gap + 1) x 16 rows. error_o: a weight for a row that the block does not have; it goes nowhere.
`default_nettype none

module sned_fc_decode
  import sned_pkg::*;
#(
  parameter int Lanes = 16,                             // a power of two, as is Rows
  parameter int Rows = 64,
  localparam int LaneBits = $clog2(Lanes),
  localparam int AddressBits = $clog2(Rows),
  localparam int RowBits = LaneBits + AddressBits + 1
) (
  input  wire logic                                  clk_i,
  input  wire logic                                  rst_ni,
  input  wire logic [RowBits-1:0]                    rows_i,        // of the block
  input  wire logic                                  valid_i,
  input  wire logic                                  first_i,       // of the column
  input  wire logic signed [8:0]                     value_i,       // the column's input
  input  wire logic [127:0]                          beat_i,
  output      logic [Lanes-1:0][FcEntries-1:0]       masks_o,
  output      logic [Lanes-1:0]                      some_o,        // of each lane's mask
  output      logic [FcEntries-1:0][7:0]             weights_o,
  output      logic [FcEntries-1:0][AddressBits-1:0] addresses_o,
  output      logic signed [8:0]                     value_o,
  output      logic                                  busy_o,
  output      logic                                  error_o
);

  localparam int Stages = 4;
  localparam int StepBits = FcGapWidth + 5;             // to 512
  localparam int PlaceBits = StepBits + 4;              // of 10 steps
  localparam int SumBits = (PlaceBits > RowBits ? PlaceBits : RowBits) + 1;

  typedef logic [FcEntries-1:0][PlaceBits-1:0] places_t;

  // How many rows an entry moves on, and how far it lies behind the entry before.
  logic [FcEntries-1:0][StepBits-1:0]    step;
  logic [FcEntries-1:0][FcGapWidth-1:0]  gap;
  logic [FcEntries-1:0][7:0]             weight;

  always_comb begin
    for (int j = 0; j < FcEntries; j++) begin
      weight[j] = beat_i[12*j+:8];
      gap[j]    = {j < 8 ? beat_i[120+(j%8)] : 1'b0, beat_i[12*j+8+:4]};
      step[j]   = weight[j] == 0 ? {{StepBits - FcGapWidth - 4{1'b0}}, gap[j], 4'b0} + StepBits'(16) : StepBits'(gap[j]) + 1'b1;
    end
  end

  logic        [Stages:1]                      valid_q;
  logic        [2:1]                           first_q;
  logic signed [Stages:1][8:0]                 value_q;
  logic        [Stages:1][FcEntries-1:0][7:0]  weight_q;
  logic [FcEntries-1:0][StepBits-1:0]          step_q;      // stage 1
  logic [FcEntries-1:0][FcGapWidth-1:0]        gap_q, gap_q2;
  logic [FcEntries/2-1:0][PlaceBits-1:0]       pair_q2;     // stage 2: steps before each pair of entries
  logic [FcEntries/2-1:0][StepBits-1:0]        step_q2;     // of each pair's first
  logic [PlaceBits-1:0]                        last_pair_q2;
  places_t                                     place_q3;    // stage 3: from the beat's beginning
  logic [RowBits-1:0]                          base_q3, next_q;
  logic [FcEntries-1:0][SumBits-1:0]           row_q4;      // stage 4

  // What is beyond all rows stays there.
  logic [RowBits-1:0] base;
  logic [SumBits-1:0] next;
  localparam logic [SumBits-1:0] Beyond = SumBits'(Lanes * Rows);
  assign base = first_q[2] ? '0 : next_q;
  assign next = SumBits'(base) + (SumBits'(pair_q2[FcEntries/2-1]) + SumBits'(last_pair_q2));

  always_ff @(posedge clk_i) begin
    automatic logic [FcEntries/2-1:0][PlaceBits-1:0] pairs;
    valid_q  <= {valid_q[Stages-1:1], valid_i};
    first_q  <= {first_q[1], first_i};
    value_q  <= {value_q[Stages-1:1], value_i};
    weight_q <= {weight_q[Stages-1:1], weight};
    step_q   <= step;
    gap_q    <= gap;
    for (int k = 0; k < FcEntries / 2; k++) begin
      pairs[k]   = PlaceBits'(step_q[2*k]) + PlaceBits'(step_q[2*k+1]);
      step_q2[k] <= step_q[2*k];
    end
    pair_q2[0] <= '0;
    pair_q2[1] <= pairs[0];
    pair_q2[2] <= pairs[0] + pairs[1];
    pair_q2[3] <= (pairs[0] + pairs[1]) + pairs[2];
    pair_q2[4] <= (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
    last_pair_q2 <= pairs[4];
    gap_q2       <= gap_q;
    for (int k = 0; k < FcEntries / 2; k++) begin
      place_q3[2*k]   <= pair_q2[k] + PlaceBits'(gap_q2[2*k]);
      place_q3[2*k+1] <= pair_q2[k] + PlaceBits'(step_q2[k]) + PlaceBits'(gap_q2[2*k+1]);
    end
    base_q3 <= base;
    if (valid_q[2]) next_q <= next >= Beyond ? Beyond[RowBits-1:0] : next[RowBits-1:0];
    for (int j = 0; j < FcEntries; j++) row_q4[j] <= SumBits'(base_q3) + SumBits'(place_q3[j]);
    if (!rst_ni) valid_q <= '0;
  end

  logic [FcEntries-1:0] there, wanted;
  always_comb begin
    for (int j = 0; j < FcEntries; j++) begin
      wanted[j] = valid_q[4] && weight_q[4][j] != 0;
      there[j]  = row_q4[j] < SumBits'(rows_i);
    end
  end

  logic [Lanes-1:0][FcEntries-1:0] masks;
  always_comb
    for (int l = 0; l < Lanes; l++)
      for (int j = 0; j < FcEntries; j++) masks[l][j] = wanted[j] & there[j] & (row_q4[j][LaneBits-1:0] == LaneBits'(l));

  always_ff @(posedge clk_i) begin
    masks_o <= masks;
    for (int l = 0; l < Lanes; l++) some_o[l] <= |masks[l];
    for (int j = 0; j < FcEntries; j++) addresses_o[j] <= row_q4[j][LaneBits+:AddressBits];
    weights_o <= weight_q[4];
    value_o   <= value_q[4];
    error_o   <= |(wanted & ~there);
    if (!rst_ni) begin
      masks_o <= '0;
      some_o  <= '0;
      error_o <= 1'b0;
    end
  end

  assign busy_o = (|valid_q) | (|some_o);

endmodule

`default_nettype wire
