#!/usr/bin/env python3
"""run.py ONNX_RUN SNED [SUBJECT[.CASE]...] - runs the cases of this folder (case.py) and counts them as cmocka does."""
import importlib
import os
import pathlib
import sys
import tempfile
import traceback
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from case import Case, Skip  # noqa: E402


def cases(wanted):
    """(name, function) of every case, in the order of the files and in each of its lines."""
    for path in sorted(HERE.glob("*.py")):
        subject = path.stem
        if subject in ("case", "run"):
            continue
        for name, function in vars(importlib.import_module(subject)).items():
            full = f"{subject}.{name}"
            if name.startswith("test_") and (not wanted or subject in wanted or full in wanted):
                yield full, function


def main():
    onnx_run, sned = (os.path.abspath(path) for path in sys.argv[1:3])
    counts = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    for name, function in cases(sys.argv[3:]):
        verdict, message = "OK", ""
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(Case(onnx_run, sned, folder, seed=zlib.crc32(name.encode())))
            except Skip as skip:
                verdict, message = "SKIPPED", f": {skip}"
            except Exception as error:
                line = traceback.extract_tb(error.__traceback__)[1].lineno
                verdict, message = "FAILED", f": line {line}: {type(error).__name__}: {error}"
        counts[verdict] += 1
        print(f"[{verdict:>9} ] {name}{message}")
    print(f"[  PASSED  ] {counts['OK']} test(s).")
    for verdict in ("SKIPPED", "FAILED"):
        if counts[verdict]:
            print(f"[  {verdict:7} ] {counts[verdict]} test(s).")
    if sum(counts.values()) == 0:
        print("[  FAILED  ] 1 test(s).")
    sys.exit(1 if counts["FAILED"] or sum(counts.values()) == 0 else 0)


main()
