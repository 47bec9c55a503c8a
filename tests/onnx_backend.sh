#!/usr/bin/env bash
# onnx_backend.sh ONNX_RUN - the node tests of ONNX's own backend suite (onnx_backend.py), where the suite can be had.
# The package that carries it goes into a virtual environment under out/, once for all builds.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
onnx_run=$1 packages="onnx==1.20.1 numpy==2.4.6" environment=out/onnx-suite

# make_environment: nothing to do where the same packages are there.
make_environment() {
    mkdir -p out
    exec 9>out/onnx-suite.lock
    flock 9
    [ "$(cat $environment/packages 2>/dev/null)" = "$packages" ] && return
    rm -rf $environment
    python3 -m venv $environment && timeout 120 $environment/bin/pip install -q --retries 1 --timeout 10 $packages &&
        echo "$packages" >$environment/packages
}

if make_environment >"$work/log" 2>&1; then
    $environment/bin/python tests/onnx_backend.py "$onnx_run" >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    exit $status
fi
skip "ONNX's own node tests" "no virtual environment with $packages: $(tail -n 1 "$work/log")"
finish
