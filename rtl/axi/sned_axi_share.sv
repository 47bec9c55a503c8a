// sned_axi_share - two who read by one sned_axi_read: the first goes first. Its tag says whose the data is.
//
// Neither may leave data waiting: it would stand before the other's.
`default_nettype none

module sned_axi_share (
  // Those who ask.
  input  wire logic [1:0]       req_valid_i,
  output      logic [1:0]       req_ready_o,
  input  wire logic [1:0][63:0] req_address_i,
  input  wire logic [1:0][23:0] req_beats_i,
  output      logic [1:0]       data_valid_o,
  // The port.
  output      logic             req_valid_o,
  input  wire logic             req_ready_i,
  output      logic [63:0]      req_address_o,
  output      logic [23:0]      req_beats_o,
  output      logic             req_tag_o,
  input  wire logic             data_valid_i,
  input  wire logic             data_tag_i
);

  assign req_tag_o     = ~req_valid_i[0];
  assign req_valid_o   = |req_valid_i;
  assign req_ready_o   = {req_ready_i & ~req_valid_i[0], req_ready_i};
  assign req_address_o = req_address_i[req_tag_o];
  assign req_beats_o   = req_beats_i[req_tag_o];
  assign data_valid_o  = {data_valid_i & data_tag_i, data_valid_i & ~data_tag_i};

endmodule

`default_nettype wire
