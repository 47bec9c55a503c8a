// sned_rows - puts a pair's words together to two rows of bytes, and writes one after the other.
//
// Word j brings the pixels g Group + j of both filters. After the last of Group words each used filter's row goes out, to
// base_i + its channel + place, with the pixels that lie before limit_i. Both must have found ready_i before the next pair is
// complete, Group cycles later. done_o: a lane's last rows have been handed on.
`default_nettype none

module sned_rows #(
  parameter int Pixels = 98,
  parameter int Group = 8,
  parameter int AddressBits = 20,
  parameter int Lanes = 8,
  localparam int Groups = (Pixels + Group - 1) / Group,
  localparam int LaneBits = Lanes > 1 ? $clog2(Lanes) : 1,
  localparam int WordBits = $clog2(Group)
) (
  input  wire logic                        clk_i,
  input  wire logic                        rst_ni,
  input  wire logic                        start_i,
  input  wire logic [AddressBits-1:0]      base_i,
  input  wire logic [AddressBits-1:0]      limit_i,
  input  wire logic                        valid_i,
  input  wire logic [WordBits-1:0]         word_i,
  input  wire logic                        ends_i,
  input  wire logic [1:0][Groups-1:0][7:0] values_i,
  input  wire logic [1:0]                  used_i,
  input  wire logic [1:0][AddressBits-1:0] channel_i,
  input  wire logic [AddressBits-1:0]      place_i,
  input  wire logic [LaneBits-1:0]         lane_i,
  input  wire logic                        ends_lane_i,
  output      logic [Lanes-1:0]            done_o,
  output      logic                        write_o,
  input  wire logic                        write_ready_i,
  output      logic [AddressBits-1:0]      write_address_o,
  output      logic [Pixels-1:0]           write_enable_o,
  output      logic [Pixels-1:0][7:0]      write_data_o
);

  localparam int RowPixels = Groups * Group;
  localparam int EdgeBits = $clog2(Pixels + 1);

  logic [1:0][RowPixels-1:0][7:0] gathered_q, out_q;
  logic [1:0]                     left_q;                 // rows of out_q that are to be written
  logic [1:0][AddressBits-1:0]    address_q, out_address_q;
  logic [EdgeBits-1:0]            to_q, out_to_q;
  logic [AddressBits-1:0]         behind;
  logic                           complete_q, ends_lane_q;
  logic [1:0]                     used_q;
  logic [LaneBits-1:0]            lane_q, done_q;
  logic                           ends_q;                 // the rows of out_q are a lane's last

  assign behind          = limit_i - place_i;             // pixels from here to the end of the raster
  assign write_address_o = left_q[0] ? out_address_q[0] : out_address_q[1];
  assign write_data_o    = left_q[0] ? out_q[0][Pixels-1:0] : out_q[1][Pixels-1:0];

  for (genvar p = 0; p < Pixels; p++) begin : gen_enable
    assign write_enable_o[p] = EdgeBits'(p) < out_to_q;
  end

  always_ff @(posedge clk_i) begin
    for (int f = 0; f < 2; f++)
      for (int g = 0; g < Groups; g++) if (valid_i) gathered_q[f][g*Group+int'(word_i)] <= values_i[f][g];
    complete_q  <= valid_i & ends_i;
    used_q      <= used_i;
    lane_q      <= lane_i;
    ends_lane_q <= ends_lane_i;
    if (valid_i & ends_i) begin
      for (int f = 0; f < 2; f++) address_q[f] <= base_i + channel_i[f] + place_i;
      to_q <= behind >= AddressBits'(Pixels) ? EdgeBits'(Pixels) : EdgeBits'(behind);
    end
    if (ends_q & (complete_q | ~write_o)) begin
      done_o[done_q] <= 1'b1;
      ends_q         <= 1'b0;
    end
    if (complete_q) begin
      out_q         <= gathered_q;
      out_address_q <= address_q;
      out_to_q      <= to_q;
      left_q        <= used_q;
      write_o       <= |used_q;
      ends_q        <= ends_lane_q;
      done_q        <= lane_q;
    end else if (write_ready_i) begin
      left_q  <= left_q[0] ? {left_q[1], 1'b0} : 2'b00;
      write_o <= &left_q;
    end
    if (!rst_ni | start_i) begin
      complete_q <= 1'b0;
      left_q     <= '0;
      write_o    <= 1'b0;
      ends_q     <= 1'b0;
      done_o     <= '0;
    end
  end

endmodule

`default_nettype wire
