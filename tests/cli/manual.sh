#!/usr/bin/env bash
# manual.sh - manual pages and completion say what --help says: every command, every option, every choice.
#   manual.sh SNED FOLDER, where the build has put them
sned=$(realpath "$1") made=$(realpath "$2")
cd "$(dirname "$0")/../.." || exit 1
. tests/harness.sh
cd "$work" || exit 1

commands=$("$sned" --help | sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p')
options_of() { "$sned" "$1" --help | grep -oE -- '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--?[a-z-]+'; }
holds "--help names commands" test "$(wc -w <<<"$commands")" -ge 10

# --- defaults ---
# without_default COMMAND: its options that take a value and say no default; -o, --data and what asks for something besides
# have none.
without_default() {
    "$sned" "$1" --help | awk '/^ +(-[a-z], )?--[a-z-]+/ { if (text) print text; text = $0; next } /^[A-Z]|^$/ { if (text) print text; text = "" } { text = text (text ? " " $0 : "") }' |
        grep -E -- '--[a-z-]+=' | grep -v '(default' | grep -oE -- '--[a-z-]+' | sort -u | grep -vxE -- '--(output|data|against|report|timeline|trace|raw)'
}
for command in $commands; do
    missing=$(without_default $command)
    holds "$command --help has the default of every option${missing:+: not $missing}" test -z "$missing"
done
holds "an option without a default is found" grep -q -- --data <("$sned" train --help | grep -E -- '--data=' | grep -v '(default')

# --- manual pages ---
# rendered PAGE: its text as man shows it, unwrapped and without bold and underline.
rendered() {
    LC_ALL=C.UTF-8 groff -Tutf8 -P-c -man "$made/$1" | sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' | tr -s ' \n' ' '
}
# missing_from TEXT WORD...: those of the words that are not in the text as words of their own.
missing_from() {
    local text=$1 word
    shift
    for word; do grep -qE -- "(^|[^a-z-])${word}([^a-z-]|\$)" <<<"$text" || printf '%s ' "$word"; done
}
if command -v groff >/dev/null; then
    main=$(rendered sned.1)
    for command in $commands; do
        page=$(rendered "sned-$command.1")
        missing=$(missing_from "$page" $(options_of "$command") --help)
        holds "sned-$command(1) has every option of --help${missing:+: not $missing}" test -z "$missing"
        summary=$("$sned" --help | sed -nE "s/^  $command +//p")
        holds "sned-$command(1) says what --help says" grep -qF -- "sned-$command - $summary" <<<"$page"
        holds "sned(1) names $command" grep -qF -- "sned-$command(1) $summary" <<<"$main"
    done
    for page in "$made"/*.1; do
        groff -Tutf8 -ww -man "$page" 2>"$work/warnings" >/dev/null
        holds "groff has nothing to say about $(basename "$page")" test ! -s "$work/warnings"
    done
    # A page without an option has to be noticed: else the tests above hold for anything.
    holds "an option that is missing is found" test -n "$(missing_from "$(rendered sned-run.1)" --epochs)"
else
    skip "manual pages" "groff"
fi
if command -v man >/dev/null; then
    for page in "$made"/*.1; do
        MANWIDTH=80 man --warnings -l "$page" 2>"$work/warnings" >/dev/null
        holds "man --warnings has nothing to say about $(basename "$page")" test ! -s "$work/warnings"
    done
else
    skip "man --warnings" "man"
fi
if command -v mandoc >/dev/null; then
    # The pages bear no date, so that a build repeats; mandoc misses it.
    holds "mandoc -Tlint finds nothing else" test -z "$(mandoc -Tlint -Wwarning "$made"/*.1 | grep -v 'missing date')"
else
    skip "mandoc -Tlint" "mandoc"
fi

# --- completion ---
. "$made/sned"
# offers WORD...: what is offered for the last word (may be empty), as bash's own calls would.
offers() {
    COMP_WORDS=(sned "$@") COMP_CWORD=$# COMPREPLY=()
    _sned
    printf '%s\n' "${COMPREPLY[@]}" | sort
}
# offers_exactly NAME EXPECTED WORD...
offers_exactly() {
    local name=$1 expected=$2
    shift 2
    local got
    got=$(offers "$@" | tr '\n' ' ')
    holds "$name: '$got'" test "$got" = "$expected "
}
holds "bash completes sned by it" grep -q -- '-F _sned sned' <<<"$(complete -p sned)"
mkdir -p here/nets/deep
cd here || exit 1
touch net.onnx net.sned other.txt "a cat.jpg" dog.png nets/in.onnx
for command in $commands; do
    holds "$command is offered" grep -qx -- "$command" <<<"$(offers "")"
    missing=$(missing_from "$(offers "$command" -)" $(options_of "$command") --help)
    holds "$command: every option of --help is offered${missing:+: not $missing}" test -z "$missing"
    surplus=$(comm -13 <({ options_of "$command"; echo --help; } | sort -u) <(offers "$command" -) | tr '\n' ' ')
    holds "$command: no other is offered${surplus:+: $surplus}" test -z "$surplus"
done
offers_exactly "a command by its beginning" "eval export" e
offers_exactly "a network of new by its beginning" "lenet300 lenet5" new le
offers_exactly "the networks that new knows" "$("$sned" new none -o none.onnx 2>&1 | sed 's/.*there are: //' | tr ' ' '\n' | sort | xargs)" new ""
holds "which its --help names" test -z "$(missing_from "$("$sned" new --help)" $(offers new ""))"
offers_exactly "what data makes" "glyphs pictures" data ""
offers_exactly "schedules" "constant cosine one-cycle step" train net.onnx --schedule ""
offers_exactly "splits" "test train" eval --split ""
offers_exactly "splits after =" "test" eval --split = te
offers_exactly "splits right after =" "test train" eval --split =
offers_exactly "formats" "ccoo16 dense8 gap16 mixed rans" pack --format ""
offers_exactly "orders of channels" "BGR RGB gray" run --color ""
offers_exactly "ONNX files to train, and folders" "net.onnx nets" train ""
offers_exactly "packed files to export" "net.sned nets" export ""
offers_exactly "models of both kinds, after an option with its value" "net.onnx net.sned nets" eval --data other.txt ""
offers_exactly "a model after a flag" "net.onnx net.sned nets" eval --json ""
offers_exactly "a model after a short option" "net.onnx nets" train -o other.txt ""
offers_exactly "in a folder" "nets/deep nets/in.onnx" train nets/
offers_exactly "pictures after the model" "a cat.jpg dog.png nets" run net.sned ""
offers_exactly "and after more pictures" "dog.png" run net.sned "a cat.jpg" d
offers_exactly "models of both kinds for --against" "net.onnx net.sned nets" eval --against ""
offers_exactly "any file for --data" "a cat.jpg dog.png net.onnx net.sned nets other.txt" train net.onnx --data ""
offers_exactly "any file after a tar's colon" "other.txt" train net.onnx --data a.tar : oth
offers_exactly "the model after a tar and its labels" "net.onnx nets" train --data a.tar : other.txt net
offers_exactly "folders for --fonts" "nets" data glyphs --fonts ""
offers_exactly "nothing for a number" "" train net.onnx --epochs ""
offers_exactly "nothing for a command that is none" "" prune ""
finish
