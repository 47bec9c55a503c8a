"""worker.py FOLDER ENGINE THREADS - one peer in a process of its own; sned_worker.c is sned's.

Opens the engine, says "ready", then answers each line of its input by one of its output, until that ends:

    time N       runs one picture N times; milliseconds of each by the clock, then of one by the process's processor time on average
    scores FILE  runs every picture and writes its scores, float32, to FILE; "written"

Engines print what they like: only answers go to the pipe. What fails leaves a traceback on standard error, and the status is 1.
"""
import os
import sys
import time

import numpy

import engines
import network


def timed(engine, runs):
    clock, began = [], time.process_time()  # a system call, as long as a small layer
    for _ in range(runs):
        begin = time.perf_counter()
        engine.run()
        clock.append(time.perf_counter() - begin)
    processor = (time.process_time() - began) / runs
    return " ".join(f"{1e3 * seconds:.6f}" for seconds in (*clock, processor))


def scores(engine, pictures, path):
    rows = []
    for picture in pictures:
        engine.set(picture[None])
        engine.run()
        rows.append(numpy.asarray(engine.scores(), dtype=numpy.float32).reshape(-1))
    numpy.stack(rows).tofile(path)
    engine.set(pictures[0][None])
    return "written"


def main(folder, name, threads):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    engine = engines.ENGINES[name](folder, int(threads))
    pictures = network.pictures(folder)
    engine.set(pictures[0][None])
    engine.run()
    print("ready", file=answers)
    for line in sys.stdin:
        question, _, rest = line.strip().partition(" ")
        print(timed(engine, int(rest)) if question == "time" else scores(engine, pictures, rest), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
