#!/usr/bin/env bash
# cli_report.sh - the page of --report, of real runs: any parser reads it, it loads nothing, has every layer and number; and what
# is wrong with its place is said at once.
#   cli_report.sh SNED
sned=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
cd "$work" || exit 1

# page_holds NAME PAGE PYTHON: of the page's elements `page`, text `text` and, where there is one, the run's JSON `run`.
cat >page.py <<'P'
import html.parser, json, os, sys
import xml.etree.ElementTree as tree

source = open(sys.argv[1], encoding="utf-8").read()

class Loads(html.parser.HTMLParser):
    found = []
    def handle_starttag(self, tag, attributes):
        self.found += [(tag, name) for name, _ in attributes if name in ("src", "href", "srcset", "data", "action")]

html_parser = Loads()
html_parser.feed(source)
html_parser.close()
page = tree.fromstring(source)
text = " ".join(" ".join(page.itertext()).split())
run = json.load(open("run.json")) if os.path.exists("run.json") else None
cells = " ".join(" ".join(cell.itertext()) for cell in page.iter("td"))
heads = [head.text for head in page.iter("th") if head.get("scope") == "row"]
sys.exit(not eval(sys.argv[2]))
P
page_holds() { holds "$1" python3 page.py "$2" "$3"; }

"$sned" data glyphs -o glyphs --train-images 300 --test-images 100 -q
"$sned" new lenet5 -o lenet5.onnx --seed 3 -q
"$sned" new lenet300 -o lenet300.onnx --seed 3 -q

succeeds "pack: with --report" "$sned" pack lenet5.onnx --data glyphs -o packed.sned --report packed.html --json
mv out run.json
page_holds "pack: a parser of HTML finds nothing that is loaded" packed.html 'not html_parser.found and "url(" not in source'
page_holds "pack: a row of the table for each layer" packed.html 'all(heads.count(layer["name"]) == 2 for layer in run["layers"])'
page_holds "pack: a histogram for each layer" packed.html 'len(list(page.iter("figure"))) == len(run["layers"])'
page_holds "pack: bytes and weights are those of the run" packed.html 'all(format(run[key], ",") in text for key in ("bytes", "kept"))'
page_holds "pack: accuracy is that of the run" packed.html '"%.2f %%" % run["top1_after"] in text'
page_holds "pack: each layer's bits were tried" packed.html '"divergence" in text and "nan" not in text'
page_holds "pack: the command to repeat" packed.html '"sned pack lenet5.onnx --data glyphs -o packed.sned --report packed.html --json" in text'
rm run.json
"$sned" pack lenet5.onnx --data glyphs -o plain.sned -q
holds "pack: the file is the same without a report" cmp packed.sned plain.sned

cat >short.yaml <<'R'
train:
  epochs: 2
R
"$sned" train lenet300.onnx --data glyphs --epochs 4 -o trained.onnx -q
succeeds "compress: with --report" "$sned" compress trained.onnx --data glyphs --recipe short.yaml --max-drop 20 -o small.sned \
    --report small.html --json
mv out run.json
page_holds "compress: a parser of HTML finds nothing that is loaded" small.html 'not html_parser.found and "url(" not in source'
page_holds "compress: a row of the table for each layer" small.html 'all(heads.count(layer["name"]) == 2 for layer in run["layers"])'
page_holds "compress: each network of the search is in the table" small.html \
    'len(run["points"]) > 1 and all(format(int(point["bytes"]), ",") + " %.2f" % point["accuracy"] in cells for point in run["points"])'
page_holds "compress: and in the chart, one as the chosen" small.html \
    'source.count("<g class=\"point\">") == len(run["points"]) - 1 and source.count("<g class=\"chosen\">") == 1'
page_holds "compress: and among the decisions" small.html 'all("Network %d " % (i + 1) in text for i in range(len(run["points"])))'
page_holds "compress: what was asked for" small.html '"Asked for: at most 20.00 points" in text'
page_holds "compress: the images that steered judge the float network" small.html '"%.2f %% of the held-out images" % run["heldout_before"] in text'
rm run.json
succeeds "compress without labels: with --report" "$sned" compress trained.onnx --data glyphs --recipe short.yaml --no-labels \
    --max-drop 30 -o taught.sned --report taught.html --json
mv out run.json
page_holds "without labels: what is told is agreement with the network as given, not accuracy" taught.html \
    '"Agreement, test images" in text and "have the class that the network as given says" in text and "Accuracy, test" not in text'
page_holds "without labels: it is that of the run" taught.html '"%.2f %%" % run["agreement"] in text and run["heldout_before"] == 100'
rm run.json
"$sned" compress trained.onnx --data glyphs --recipe short.yaml --max-drop 20 -o plain.sned -q
holds "compress: the file is the same without a report" cmp small.sned plain.sned

printf 'method: paper\nmax_drop: 20\nretrain:\n  epochs: 0.2\nfinish:\n  epochs: 0.2\nquantize:\n  epochs: 0.2\n' >paper.yaml
succeeds "compress by method paper: with --report" "$sned" compress trained.onnx --data glyphs --recipe paper.yaml -o paper.sned \
    --report paper.html --json
mv out run.json
page_holds "method paper: a sentence for each decision" paper.html \
    'all("%.2f %% retrained" % decision["accuracy_retrained"] in text for decision in run["decisions"])'
page_holds "method paper: a point for each decision" paper.html \
    'source.count("<g class=\"point\">") == len(run["decisions"]) - 1 and "Weights against accuracy" in text'
page_holds "method paper: the last of them has the file's weights, but for those that 8 bits made 0" paper.html \
    '0 <= int(next(t.text for t in page.iter("text") if t.get("class") == "name").split()[0].replace(",", "")) - run["kept"] < 0.02 * run["kept"]'
rm run.json

sed 's/conv2/<b>\&"/g' lenet5.onnx >markup.onnx
succeeds "pack: a layer that is called like markup, words that a shell would take apart" \
    "$sned" pack markup.onnx -o "mark'ed up.sned" --report markup.html -q
page_holds "its name is a name" markup.html 'heads.count("<b>&\"") == 2 and not list(page.iter("b"))'
page_holds "the command is one that a shell takes" markup.html "\"-o 'mark'\\\\''ed up.sned' --report\" in text"

refuses "pack: --report in a folder that is not there" 1 'report: gone/x.html' "$sned" pack lenet5.onnx -o x.sned --report gone/x.html
refuses "compress: the same, before any image is read" 1 'report: gone/x.html' \
    "$sned" compress lenet5.onnx --data nothing -o x.sned --report gone/x.html
refuses "compress: --report over the data" 2 'would be written over' "$sned" compress lenet5.onnx --data glyphs -o x.sned --report glyphs
refuses "compress: --report over the checkpoint" 2 'would be written over' \
    "$sned" compress lenet5.onnx --data glyphs -o x.sned --checkpoint x.html --report x.html
refuses "pack: --report over the model" 2 'lenet5.onnx would be written over' "$sned" pack lenet5.onnx -o x.sned --report lenet5.onnx
refuses "pack: --report over the result" 2 'x.sned would be written over' "$sned" pack lenet5.onnx -o x.sned --report x.sned
holds "nothing was written" test ! -e x.sned
finish
