# tables_neon.sh - sourced by tables.sh: instructions of the kernels for 64-bit ARM.

neon_section() {
    local file=$results/neon-counts.json
    [ -s "$file" ] || return 0
    echo "## Instructions on 64-bit ARM"
    echo
    echo "Of a call of a kernel, or of a run of a network, for each product of a weight that is not 0; in brackets the multiply instructions among them. neon: any ARMv8-A; neon_dot: with the dot product instructions of ARMv8.2; portable: plain C, which the compiler makes vectors of. Counted under an emulator ($(first .machine "$file"); $(first .compiler "$file")). This is no time: how many instructions a processor does in a cycle, and how long it waits for memory, is not in it."
    echo
    echo "| what | portable | neon | neon_dot |"
    echo "| --- | --- | --- | --- |"
    jq -r 'def n: . * 10000 | round / 10000;
        def cell: if . then "\(.instructions / .useful | n) (\(.multiplies / .useful | n))" else "" end;
        [.rows[].what] as $order | .rows | group_by(.what) | sort_by(.[0].what as $what | $order | index($what))[]
        | . as $rows | (["portable", "neon", "neon_dot"] | map(. as $column | $rows | map(select(.column == $column))[0] | cell)) as $cells
        | "| \($rows[0].what) | \($cells | join(" | ")) |"' "$file"
    echo
    echo "\`$(first .command "$file")\`"
    echo
}
