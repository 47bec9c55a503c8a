#!/usr/bin/env bash
# onnx_backend.sh ONNX_RUN - the node tests of ONNX's own backend suite (onnx_backend.py), where the suite can be had.
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
. tests/onnx/onnx_environment.sh
with_onnx "ONNX's own node tests" tests/onnx/onnx_backend.py "$1"
