# onnx_environment.sh - sourced by shell tests that need Python's onnx package: a virtual environment under out/, made once
# for all builds. The source folder is the current one.
onnx_packages="onnx==1.20.1 numpy==2.4.6" onnx_python=out/onnx-suite/bin/python

# make_onnx_environment: then $onnx_python has the packages. Nothing to do where the same are there.
make_onnx_environment() (
    environment=out/onnx-suite
    mkdir -p out
    exec 9>out/onnx-suite.lock
    flock 9
    [ "$(cat $environment/packages 2>/dev/null)" = "$onnx_packages" ] && return
    rm -rf $environment
    python3 -m venv $environment && timeout 120 $environment/bin/pip install -q --retries 1 --timeout 10 $onnx_packages &&
        echo "$onnx_packages" >$environment/packages
)

# with_onnx NAME SCRIPT ARGUMENT...: ends the test as the Python script does, or by skipping NAME where the packages cannot
# be had. For scripts that print the end of the test themselves.
with_onnx() {
    local name=$1
    shift
    if make_onnx_environment >"$work/log" 2>&1; then
        $onnx_python "$@" >"$work/out" 2>&1
        status=$?
        cat "$work/out"
        exit $status
    fi
    skip "$name" "no virtual environment with $onnx_packages: $(tail -n 1 "$work/log")"
    finish
}
