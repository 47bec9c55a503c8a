"""ecp5_table.py REPORT CONFIG SEED MHZ --table|--json - nextpnr's report; for fpga/ecp5. The exit status is 1 below MHZ."""
import json
import sys

NAMES = {"TRELLIS_COMB": "LUT4 (logic, carries, RAM)", "TRELLIS_RAMW": "RAM slices", "TRELLIS_FF": "FF", "MULT18X18D": "MULT18X18D",
         "DP16KD": "EBR (18 kbit)"}


def place(end):
    return f"{end['cell']}.{end['port']}".removeprefix("i_top.i_core.").removeprefix("i_top.")


with open(sys.argv[1]) as file:
    report = json.load(file)
config, seed, need, form = sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
(clock,) = report["fmax"].values()
mhz = round(clock["achieved"], 1)
used = [{"resource": name, "used": report["utilization"][cell]["used"], "available": report["utilization"][cell]["available"]}
        for cell, name in NAMES.items()]
slowest = max((path["path"] for path in report["critical_paths"] if path["from"] == path["to"]), key=lambda steps: sum(step["delay"] for step in steps))
path = {"from": place(slowest[0]["from"]), "to": place(slowest[-1]["to"]), "ns": round(sum(step["delay"] for step in slowest), 2),
        "routing_ns": round(sum(step["delay"] for step in slowest if step["type"] == "routing"), 2)}
if form == "--json":
    json.dump({"config": config, "device": "LFE5U-85F, CABGA756, speed grade 8", "seed": seed, "used": used, "mhz": mhz, "needed_mhz": need,
               "slowest_path": path}, sys.stdout, indent=1)
    print()
else:
    print("| | used | LFE5U-85F | % |\n| --- | --- | --- | --- |")
    for row in used:
        print(f"| {row['resource']} | {row['used']:,} | {row['available']:,} | {100 * row['used'] / row['available']:.1f} |")
    print(f"\n{mhz} MHz; the slowest path, {path['ns']} ns of which {path['routing_ns']} in wires: {path['from']} to {path['to']}")
if mhz < need:
    print(f"ecp5: {mhz} MHz; {need:g} are needed", file=sys.stderr)
sys.exit(mhz < need)
