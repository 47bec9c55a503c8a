"""area_table.py - Yosys's `stat -json` as a table against the XCZU7EV; for fpga/area.

    area_table.py STAT MODULE COUNT
    area_table.py STAT CONFIG --table|--json KIND...
"""
import json
import sys

LUTRAM = dict(RAM32M=4, RAM32M16=8, RAM64M=4, RAM64M8=8, RAM32X1D=2, RAM64X1D=2, RAM128X1D=4, SRL16E=1, SRLC32E=1)
RESOURCES = [
    ("LUT", dict(LUT1=1, LUT2=1, LUT3=1, LUT4=1, LUT5=1, LUT6=1, **LUTRAM), 230400),
    ("LUTRAM", LUTRAM, 101760),
    ("FF", dict(FDRE=1, FDSE=1, FDCE=1, FDPE=1), 460800),
    ("DSP48E2", dict(DSP48E2=1), 1728),
    ("BRAM36", dict(RAMB36E2=1, RAMB18E2=0.5), 312),
    ("URAM", dict(URAM288=1), 96),
]
BOUND = {"LUT": 85, "BRAM36": 85}  # percent


def resources(cells):
    return {name: sum(cells.get(cell, 0) * each for cell, each in weights.items()) for name, weights, _ in RESOURCES}


def one_module(stat, module, count):
    used = resources(stat["design"]["num_cells_by_type"])
    print(f"| | {module} | x {count} | XCZU7EV | % |\n| --- | --- | --- | --- | --- |")
    for name, _, most in RESOURCES:
        label = "of it LUTRAM" if name == "LUTRAM" else name
        print(f"| {label} | {used[name]:,} | {used[name] * count:,} | {most:,} | {100 * used[name] * count / most:.1f} |")


def whole(stat, config, form, kinds):
    cells = {name.lstrip("\\"): module["num_cells_by_type"] for name, module in stat["modules"].items()}
    cells = {name: {cell.lstrip("\\"): n for cell, n in of.items()} for name, of in cells.items()}
    counts = dict.fromkeys(cells, 0)

    def count(module, times):
        counts[module] += times
        for cell, n in cells[module].items():
            if cell in cells:
                count(cell, n * times)

    count("sned_top", 1)
    rows = []
    for kind in [*kinds, "sned_top"]:
        if counts.get(kind):
            rows.append({"module": kind, "count": counts[kind], "each": resources(cells[kind])})
    total = {name: sum(row["count"] * row["each"][name] for row in rows) for name, _, _ in RESOURCES}
    most = {name: have for name, _, have in RESOURCES}
    percent = {name: round(100 * total[name] / most[name], 1) for name in total}
    fits = all(value <= 100 for value in percent.values())
    bound = fits and all(percent[name] <= value for name, value in BOUND.items())
    if form == "--json":
        json.dump({"config": config, "device": "XCZU7EV", "rows": rows, "total": total, "available": most, "percent": percent,
                   "fits": fits, "within_85": bound}, sys.stdout, indent=1)
        print()
    else:
        names = [name for name, _, _ in RESOURCES]
        print("| module | count | " + " | ".join(names) + " |\n" + "| --- " * (len(names) + 2) + "|")
        for row in rows:
            label = row["module"] + (" (the rest)" if row["module"] in ("sned_top", "sned_fc") else "")
            print(f"| {label} | {row['count']} | " + " | ".join(f"{row['count'] * row['each'][name]:,}" for name in names) + " |")
        print("| in all | | " + " | ".join(f"{total[name]:,}" for name in names) + " |")
        print("| XCZU7EV | | " + " | ".join(f"{most[name]:,}" for name in names) + " |")
        print("| % | | " + " | ".join(f"{percent[name]}" for name in names) + " |")
        print(f"\n{'fits' if fits else 'does not fit'}; {'within' if bound else 'beyond'} 85 % of LUTs and BRAM")
    return 0 if bound else 1


with open(sys.argv[1]) as file:
    stat = json.load(file)
if sys.argv[3] in ("--table", "--json"):
    sys.exit(whole(stat, sys.argv[2], sys.argv[3], sys.argv[4:]))
one_module(stat, sys.argv[2], int(sys.argv[3]))
