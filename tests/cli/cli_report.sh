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
heads = [head.text for head in page.iter("th") if head.get("scope") == "row"]
sys.exit(not eval(sys.argv[2]))
P
page_holds() { holds "$1" python3 page.py "$2" "$3"; }

"$sned" data glyphs -o glyphs --train-images 300 --test-images 100 -q
"$sned" new lenet5 -o lenet5.onnx --seed 3 -q

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

sed 's/conv2/<b>\&"/g' lenet5.onnx >markup.onnx
succeeds "pack: a layer that is called like markup, words that a shell would take apart" \
    "$sned" pack markup.onnx -o "mark'ed up.sned" --report markup.html -q
page_holds "its name is a name" markup.html 'heads.count("<b>&\"") == 2 and not list(page.iter("b"))'
page_holds "the command is one that a shell takes" markup.html "\"-o 'mark'\\\\''ed up.sned' --report\" in text"

refuses "pack: --report in a folder that is not there" 1 'report: gone/x.html' "$sned" pack lenet5.onnx -o x.sned --report gone/x.html
refuses "pack: --report over the model" 2 'lenet5.onnx would be written over' "$sned" pack lenet5.onnx -o x.sned --report lenet5.onnx
refuses "pack: --report over the result" 2 'x.sned would be written over' "$sned" pack lenet5.onnx -o x.sned --report x.sned
holds "nothing was written" test ! -e x.sned
finish
