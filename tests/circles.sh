#!/usr/bin/env bash
# circles.sh BUILD - in a folder of src, its rooms together, no two files lean on each other: what a file uses, and what that uses,
# never leads back to it. Read from the symbols of the objects: a table of functions uses all that are in it.
cd "$(dirname "$0")/.." || exit 1
. tests/harness.sh
build=${1:?circles.sh BUILD}

# FILE OBJECT for each source of ours, once: the libraries' objects, not those of libsned.so beside them.
objects() {
    sed -nE 's|^ *"file": "\.\./(src/[^"]+\.c)".*|\1|p; s|^ *"output": "([^"]+)".*|\1|p' "$build/compile_commands.json" |
        awk '/^src\/.*\.c$/ { file = $0; next } file && !/\.so/ { print file, $0; file = "" } { file = "" }' | sort -u -k1,1
}

# USER DEFINER: pairs of files of which one uses a symbol of the other, in the room's objects on stdin.
uses() {
    while read -r file object; do nm "$build/$object" | awk -v file="$file" 'NF == 3 && $2 ~ /[TDRBV]/ { print "has", $3, file } NF == 2 && $1 == "U" { print "needs", $2, file }'; done |
        awk '$1 == "has" { owner[$2] = $3; next } { need[++count] = $2 " " $3 }
            END { for (i = 1; i <= count; i++) { split(need[i], pair, " "); if (pair[1] in owner && owner[pair[1]] != pair[2]) print pair[2], owner[pair[1]] } }' | sort -u
}

objects >"$work/objects"
holds "every source file has an object" test "$(find src -name '*.c' ! -name 'manual*.c' | wc -l)" -le "$(wc -l <"$work/objects")"
for folder in $(sed -E 's|^(src/[a-z]+)/.*|\1|' "$work/objects" | sort -u); do
    loop=$(grep "^$folder/" "$work/objects" | uses | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \(src.*\)/\1/p' | tr '\n' ' ')
    holds "no circle of files in $folder${loop:+ ($loop)}" test -z "$loop"
done
finish
