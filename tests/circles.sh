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

# USER DEFINER: pairs of files of which one uses a symbol of the other, of the lines FILE OBJECT on stdin.
uses() {
    sort -k2,2 >"$work/room"
    (cd "$build" && nm -A $(cut -d' ' -f2 "$work/room")) |
        awk 'NR == FNR { file[$2] = $1; next }
            { object = $1; sub(/:[^:]*$/, "", object) }
            NF == 3 && $2 ~ /[TDRBV]/ { owner[$3] = file[object] }
            NF == 2 && $1 ~ /:$/ { next }
            $(NF - 1) == "U" { user[++count] = file[object]; symbol[count] = $NF }
            END { for (i = 1; i <= count; i++) if (symbol[i] in owner && owner[symbol[i]] != user[i]) print user[i], owner[symbol[i]] }' \
            "$work/room" - | sort -u
}

objects >"$work/objects"
holds "every source file has an object" test "$(find src -name '*.c' ! -name 'manual*.c' | wc -l)" -le "$(wc -l <"$work/objects")"
for folder in $(sed -E 's|^(src/[a-z]+)/.*|\1|' "$work/objects" | sort -u); do
    loop=$(grep "^$folder/" "$work/objects" | uses | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \(src.*\)/\1/p' | tr '\n' ' ')
    holds "no circle of files in $folder${loop:+ ($loop)}" test -z "$loop"
done
finish
