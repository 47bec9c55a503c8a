// sned_registers - what software sees: src/accel/program/registers.h has the same numbers.
//
// Reads: latency 3. A write to Control with bit 0 starts the list, with bit 1 resets everything but these registers: Control's bit 1 is 1 until that
// is done (sned_reset), and a start before then is none. The interrupt stays from an end or an error until Status is written.
`default_nettype none

module sned_registers #(
  parameter logic [127:0] Name = "ci"                // of the configuration, its last letter in the lowest byte
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        write_i,
  input  wire logic        read_i,
  input  wire logic [11:0] address_i,
  input  wire logic [31:0] data_i,
  output      logic [31:0] read_data_o,
  output      logic        interrupt_o,
  // Control.
  output      logic        start_o,
  output      logic        reset_o,                  // a cycle
  input  wire logic        resetting_i,
  output      logic [63:0] base_o,                   // of the program
  output      logic [63:0] list_o,
  output      logic [21:0] count_o,
  output      logic [31:0] images_o,
  output      logic [63:0] input_o,
  output      logic [31:0] input_step_o,
  output      logic [63:0] output_o,
  output      logic [31:0] output_step_o,
  input  wire logic        busy_i,
  input  wire logic [7:0]  error_i,                  // 0: none; it stays until reset_o
  // The layer counters: latency 3 from select_o.
  output      logic [31:0] select_o,
  input  wire logic [31:0] counter_i
);

  localparam logic [31:0] Magic = 32'h44454e53, Version = 32'd1;  // "SNED"

  logic [15:0][31:0] word_q;                         // 0x40 to 0x7c, as they are written
  logic [63:0]       cycles_q;                       // since the start
  logic              busy_q, done_q, running_q;
  logic [11:0]       address_q;
  logic              write_q;
  logic [31:0]       data_q;
  logic [31:0]       value, value_q, word_value_q;   // of the registers but words; of the words
  logic              is_word_q, is_counter_q;
  logic              failed;

  assign base_o        = {word_q[1], word_q[0]};
  assign list_o        = {word_q[3], word_q[2]};
  assign input_o       = {word_q[5], word_q[4]};
  assign output_o      = {word_q[7], word_q[6]};
  assign input_step_o  = word_q[8];
  assign output_step_o = word_q[9];
  assign count_o       = word_q[10][21:0];
  assign images_o      = word_q[11];
  assign select_o      = word_q[12];
  assign failed        = running_q & (error_i != '0);

  always_comb begin
    unique case (address_q[7:2])
      6'h00: value = Magic;
      6'h01: value = Version;
      6'h02: value = {30'b0, resetting_i, running_q};
      6'h03: value = {30'b0, error_i != '0, done_q};
      6'h04: value = {24'b0, error_i};
      6'h06: value = cycles_q[31:0];
      6'h07: value = cycles_q[63:32];
      6'h08: value = Name[31:0];
      6'h09: value = Name[63:32];
      6'h0a: value = Name[95:64];
      6'h0b: value = Name[127:96];
      default: value = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    address_q    <= address_i;
    write_q      <= write_i;
    data_q       <= data_i;
    value_q      <= value;
    word_value_q <= word_q[address_q[5:2]];
    is_word_q    <= address_q[7:6] == 2'd1;
    is_counter_q <= address_q[7:2] == 6'h0c;
    read_data_o  <= is_word_q ? word_value_q : is_counter_q ? counter_i : value_q;
    start_o      <= 1'b0;
    reset_o      <= 1'b0;
    busy_q       <= busy_i;
    if (running_q) cycles_q <= cycles_q + 1'b1;
    if (write_q & (address_q[11:6] == 6'd1)) word_q[address_q[5:2]] <= data_q;
    if (write_q & (address_q == 12'h00c)) interrupt_o <= 1'b0;
    if (write_q & (address_q == 12'h008) & data_q[0] & ~running_q & ~resetting_i) begin
      start_o   <= 1'b1;
      running_q <= 1'b1;
      done_q    <= 1'b0;
      cycles_q  <= '0;
    end
    if ((busy_q & ~busy_i & running_q) | failed) begin
      running_q   <= 1'b0;
      done_q      <= ~failed;
      interrupt_o <= 1'b1;
    end
    if (write_q & (address_q == 12'h008) & data_q[1]) begin
      reset_o     <= 1'b1;
      start_o     <= 1'b0;
      running_q   <= 1'b0;
      done_q      <= 1'b0;
      interrupt_o <= 1'b0;
    end
    if (!rst_ni) begin
      reset_o     <= 1'b0;
      start_o     <= 1'b0;
      running_q   <= 1'b0;
      done_q      <= 1'b0;
      interrupt_o <= 1'b0;
      write_q     <= 1'b0;
    end
  end

  logic unused;
  assign unused = &{1'b0, read_i, address_q[11:8], address_q[1:0]};

endmodule

`default_nettype wire
