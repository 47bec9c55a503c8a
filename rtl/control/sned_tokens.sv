// sned_tokens - what one unit has told another: a counter for each two of them.
//
// available_o[t][f]: unit t can take a token of f. More than 15 that wait are an error: the program lies.
`default_nettype none

module sned_tokens
  import sned_pkg::*;
(
  input  wire logic                        clk_i,
  input  wire logic                        rst_ni,
  input  wire logic [Units-1:0][Units-1:0] post_i,       // [from][to]
  input  wire logic [Units-1:0][Units-1:0] take_i,       // [to][from]
  output      logic [Units-1:0][Units-1:0] available_o,  // [to][from]
  output      logic                        overflow_o
);

  logic [Units-1:0][Units-1:0][3:0] count_q;             // [from][to]
  logic [Units-1:0][Units-1:0]      full_q;                // one more has come than there may be

  for (genvar f = 0; f < Units; f++) begin : gen_from
    for (genvar t = 0; t < Units; t++) begin : gen_to
      assign available_o[t][f] = count_q[f][t] != '0;
    end
  end

  always_ff @(posedge clk_i) begin
    for (int f = 0; f < Units; f++)
      for (int t = 0; t < Units; t++) begin
        count_q[f][t] <= count_q[f][t] + 4'(post_i[f][t]) - 4'(take_i[t][f]);
        full_q[f][t]  <= &count_q[f][t] & post_i[f][t] & ~take_i[t][f];
      end
    overflow_o <= |full_q;
    if (!rst_ni) count_q <= '0;
  end

endmodule

`default_nettype wire
