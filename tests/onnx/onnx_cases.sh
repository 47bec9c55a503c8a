#!/usr/bin/env bash
# onnx_cases.sh ONNX_RUN SNED [SUBJECT...] - models made in Python, of the kinds that users have, held against ONNX's reference
# evaluator. SUBJECT: a file of tests/onnx_cases (all of them), or SUBJECT.NAME for one case. tests/onnx_cases/case.py says
# how to write one.
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
. tests/onnx/onnx_environment.sh
with_onnx "models made in Python" tests/onnx_cases/run.py "$@"
