// xilinx_cells - the primitives that rtl/prim instantiates for UltraScale+: ports as UG974 has them. Black boxes for synthesis; with SNED_CELL_MODELS
// models for simulation.
//
// The model of the DSP48E2 is written after UG579, of what rtl/prim uses of the cell: A (or A + D, 27 bits) times B, 27 x 18 bits, plus 0, P or C.
// Registers as their parameters say; each has its clock enable. What it does not model (the ALU's other functions, cascades, patterns, carries,
// resets) must be tied as rtl/prim does, else it says so and stops. Not the vendor's model: it shows that the instances do what their plain
// twins do as far as the guide was understood.
`default_nettype none

`ifdef SNED_CELL_MODELS
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSED */
/* verilator lint_off UNDRIVEN */
/* verilator lint_off WIDTH */
`else
(* blackbox *)
`endif
module DSP48E2 #(
  parameter int ACASCREG = 1,
  parameter int ADREG = 1,
  parameter int ALUMODEREG = 1,
  parameter AMULTSEL = "A",
  parameter int AREG = 1,
  parameter A_INPUT = "DIRECT",
  parameter int BCASCREG = 1,
  parameter BMULTSEL = "B",
  parameter int BREG = 1,
  parameter B_INPUT = "DIRECT",
  parameter int CARRYINREG = 1,
  parameter int CARRYINSELREG = 1,
  parameter int CREG = 1,
  parameter int DREG = 1,
  parameter int INMODEREG = 1,
  parameter int MREG = 1,
  parameter int OPMODEREG = 1,
  parameter int PREG = 1,
  parameter USE_MULT = "MULTIPLY"
) (
  output logic [29:0] ACOUT,
  output logic [17:0] BCOUT,
  output logic        CARRYCASCOUT,
  output logic [3:0]  CARRYOUT,
  output logic        MULTSIGNOUT,
  output logic        OVERFLOW,
  output logic [47:0] P,
  output logic        PATTERNBDETECT,
  output logic        PATTERNDETECT,
  output logic [47:0] PCOUT,
  output logic        UNDERFLOW,
  output logic [7:0]  XOROUT,
  input  wire [29:0]  A,
  input  wire [29:0]  ACIN,
  input  wire [3:0]   ALUMODE,
  input  wire [17:0]  B,
  input  wire [17:0]  BCIN,
  input  wire [47:0]  C,
  input  wire         CARRYCASCIN,
  input  wire         CARRYIN,
  input  wire [2:0]   CARRYINSEL,
  input  wire         CEA1,
  input  wire         CEA2,
  input  wire         CEAD,
  input  wire         CEALUMODE,
  input  wire         CEB1,
  input  wire         CEB2,
  input  wire         CEC,
  input  wire         CECARRYIN,
  input  wire         CECTRL,
  input  wire         CED,
  input  wire         CEINMODE,
  input  wire         CEM,
  input  wire         CEP,
  input  wire         CLK,
  input  wire [26:0]  D,
  input  wire [4:0]   INMODE,
  input  wire         MULTSIGNIN,
  input  wire [8:0]   OPMODE,
  input  wire [47:0]  PCIN,
  input  wire         RSTA,
  input  wire         RSTALLCARRYIN,
  input  wire         RSTALUMODE,
  input  wire         RSTB,
  input  wire         RSTC,
  input  wire         RSTCTRL,
  input  wire         RSTD,
  input  wire         RSTINMODE,
  input  wire         RSTM,
  input  wire         RSTP
);

`ifdef SNED_CELL_MODELS
  localparam bit PreAdds = AMULTSEL == "AD";

  // Registers that are left out are wires (UG579, figure 2-1): of one register of A or B it is the second, of two both.
  logic [29:0]        a1_q, a2_q, a1, a2;
  logic [17:0]        b1_q, b2_q, b1, b2;
  logic [26:0]        d_q, ad_q, d, ad, multiplicand;
  logic [47:0]        c_q, c, z;
  logic signed [44:0] m_q;
  logic [8:0]         opmode_q, opmode;

  assign a1           = AREG == 2 ? a1_q : A;
  assign a2           = AREG >= 1 ? a2_q : a1;
  assign b1           = BREG == 2 ? b1_q : B;
  assign b2           = BREG >= 1 ? b2_q : b1;
  assign d            = DREG == 1 ? d_q : D;
  assign ad           = ADREG == 1 ? ad_q : d + a2[26:0];
  assign c            = CREG == 1 ? c_q : C;
  assign opmode       = OPMODEREG == 1 ? opmode_q : OPMODE;
  assign multiplicand = PreAdds ? ad : a2[26:0];

  always_comb
    case (opmode[6:4])
      3'b000:  z = '0;
      3'b010:  z = P;
      default: z = c;                                   // 3'b011, as is checked below
    endcase

  always_ff @(posedge CLK) begin
    if (CEA1) a1_q <= A;
    if (CEA2) a2_q <= a1;
    if (CEB1) b1_q <= B;
    if (CEB2) b2_q <= b1;
    if (CED) d_q <= D;
    if (CEAD) ad_q <= d + a2[26:0];
    if (CEC) c_q <= C;
    if (CECTRL) opmode_q <= OPMODE;
    if (CEM) m_q <= 45'($signed(multiplicand)) * 45'($signed(b2));
    if (CEP) P <= z + 48'(m_q);
  end

  // What the model is for.
  initial
    if (MREG != 1 || PREG != 1 || ALUMODEREG != 0 || CARRYINREG != 0 || CARRYINSELREG != 0 || INMODEREG != 0 || USE_MULT != "MULTIPLY" ||
        BMULTSEL != "B" || A_INPUT != "DIRECT" || B_INPUT != "DIRECT")
      $fatal(1, "dsp48e2: parameters that this model does not know");

  logic known_q = 1'b0;                                 // OPMODE's register has been written
  always_ff @(posedge CLK) begin
    known_q <= 1'b1;
    if (ALUMODE != 4'b0000 || CARRYIN || CARRYINSEL != 3'b000 || INMODE != (PreAdds ? 5'b00100 : 5'b00000) ||
        (RSTA | RSTALLCARRYIN | RSTALUMODE | RSTB | RSTC | RSTCTRL | RSTD | RSTINMODE | RSTM | RSTP))
      $fatal(1, "dsp48e2: inputs that this model does not know");
    if (known_q && (opmode[8:7] != 2'b00 || opmode[3:0] != 4'b0101 || !(opmode[6:4] inside {3'b000, 3'b010, 3'b011})))
      $fatal(1, "dsp48e2: an OPMODE that this model does not know");
  end
`endif

endmodule

`default_nettype wire
