"""measure.py FOLDER THREADS -- WORKER... - one network on all engines, in turn: a row as JSON on standard output.

WORKER... is sned's command, which FOLDER's files and THREADS are appended to; worker.py is the others'. Each engine is a process of
its own, held to the last THREADS processors and stopped (SIGSTOP) while it is not its turn, so that none spins beside another. In a
round each engine has one turn: a run to warm up, then some runs of which the median counts. Nothing but a run stands between two
readings of the clock; the processors' time is read around all of a turn. Rounds begin with another engine each.
The ratio of two engines is taken round by round, so that what slows the machine for a while slows both.

Processor time stands beside the clock's: on a busy machine, on one thread, it is the one to read.
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import numpy

import engines
import network

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("SNED_ROUNDS", "15"))
TURN_MS, TURN_RUNS = 60, (3, 500)  # a turn lasts about so long, within so many runs
# Scores that lie further from the float network's than they are large are another network's, whose speed says nothing.
MOST_ERROR = 100  # percent


class Failed(Exception):
    """What an engine's process said last."""


class Process:
    """An engine that answers questions line by line, and sleeps in between."""

    def __init__(self, command, processors):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, processors))
        self.answer()
        self.process.send_signal(signal.SIGSTOP)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            said = [text for text in self.errors.read().decode(errors="replace").split("\n") if text.strip()]
            raise Failed(said[-1].strip() if said else f"ended with status {self.process.returncode}")
        return line.strip()

    def ask(self, question):
        self.process.send_signal(signal.SIGCONT)
        print(question, file=self.process.stdin, flush=True)
        answer = self.answer()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def times(self, runs):
        """The median of the clock's milliseconds and the mean of the processors', after a run that is not counted."""
        self.ask("time 1")
        numbers = [float(word) for word in self.ask(f"time {runs}").split()]
        return statistics.median(numbers[:runs]), numbers[runs]

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def worker(folder, key, threads, sned):
    if key == "sned":
        return [*sned, network.path(folder, "network.sned"), network.path(folder, "pictures.f32"), str(threads)]
    return [sys.executable, os.path.join(HERE, "worker.py"), folder, key, str(threads)]


def prepare(folder, key):
    """In a process of its own, in the network's folder: what an engine's tools print, leave behind or break stays there."""
    code = f"import engines; engines.ENGINES[{key!r}].prepare({folder!r}); print(engines.ENGINES[{key!r}].version())"
    made = subprocess.run([sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONPATH": HERE}, capture_output=True, text=True)
    if made.returncode:
        said = [text for text in made.stderr.split("\n") if text.strip()]
        raise Failed(said[-1].strip() if said else f"ended with status {made.returncode}")
    return made.stdout.split("\n")[-2].strip()


def label(row):
    return row["engine"] if row["engine"].split()[-1] in ("u8s8", "s8s8", "sned") else f"{row['engine']} {row['precision']}"


def open_all(folder, threads, sned):
    """Processes and rows by engine, and the reasons why some are not among them."""
    processors = sorted(os.sched_getaffinity(0))[-threads:]
    processes, rows, missing = {}, {}, dict(engines.NOT_REACHED)
    for key in ("sned", *engines.ENGINES):
        engine = engines.ENGINES.get(key)
        row = {"engine": engine.name if engine else "sned", "precision": engine.precision if engine else "int8"}
        try:
            if engine:
                row["version"] = prepare(folder, key)
            processes[key], rows[key] = Process(worker(folder, key, threads, sned), processors), row
        except Failed as reason:
            missing[label(row)] = str(reason)[:200]
            print(f"{label(row)}: {reason}", file=sys.stderr)
    return processes, rows, missing


def all_scores(folder, process):
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        process.ask("scores " + os.path.abspath(file.name))
        return numpy.fromfile(file.name, dtype=numpy.float32).reshape(len(network.pictures(folder)), -1)


def judge(folder, processes, rows, missing):
    """
    Against the float network in ONNX Runtime: how far scores are off, in percent of their root mean square; and, where there are
    labels, how many pictures get its class, and top-1. (To a network of random weights all noise is of one class.)
    """
    labels = network.labels(folder)
    reference = all_scores(folder, processes["ort"]) if "ort" in processes else None
    for key, row in list(rows.items()):
        try:
            scores = all_scores(folder, processes[key])
            if reference is not None:
                row["error"] = round(100 * float(numpy.linalg.norm(scores - reference) / numpy.linalg.norm(reference)), 3)
                if not row["error"] <= MOST_ERROR:
                    raise Failed(f"wrong answers: its scores are {row['error']:.0f} % off the float network's")
            if labels and reference is not None:
                row["agreement"] = round(100 * float((scores.argmax(1) == reference.argmax(1)).mean()), 2)
            if labels:
                row["top1"] = round(100 * float((scores.argmax(1) == labels).mean()), 2)
        except Failed as reason:
            missing[label(row)] = str(reason)[:200]
            processes.pop(key).end()
            del rows[key]


def turns(processes):
    """Of each engine the clock's and the processors' milliseconds, a pair a round."""
    keys, times = list(processes), {key: [] for key in processes}
    runs = {}
    for key in keys:
        slowest = max(processes[key].times(3)[0], 1e-3)
        runs[key] = min(max(round(TURN_MS / slowest), TURN_RUNS[0]), TURN_RUNS[1])
    for number in range(ROUNDS):
        for i in range(len(keys)):
            key = keys[(number + i) % len(keys)]
            times[key].append(processes[key].times(runs[key]))
    return times


def quartiles(numbers):
    """[lower quartile, median, upper quartile]"""
    return [round(float(value), 5) for value in numpy.percentile(numbers, (25, 50, 75))]


def measure(folder, threads, sned):
    processes, rows, missing = open_all(folder, threads, sned)
    try:
        judge(folder, processes, rows, missing)
        times = turns(processes)
    finally:
        for process in processes.values():
            process.end()
    for key, row in rows.items():
        row["ms"], row["processor_ms"] = (quartiles([pair[i] for pair in times[key]]) for i in (0, 1))
        if "sned" in times:
            row["times_slower"], row["times_slower_processor"] = (
                quartiles([other[i] / own[i] for other, own in zip(times[key], times["sned"])]) for i in (0, 1))
    return {"threads": threads, "rounds": ROUNDS, "load": round(os.getloadavg()[0], 1), "pictures": len(network.pictures(folder)),
            "labelled": network.labels(folder) is not None, "engines": list(rows.values()), "missing": missing}


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[3] != "--":
        raise SystemExit(__doc__)
    answer = measure(os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[4:])
    json.dump(answer, sys.stdout)
