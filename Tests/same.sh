# shellcheck shell=bash
# Sourced: what two runs must have the same of files that have times in them.

# A table without the columns of times, which differ from run to run, and of memory.
without_times() {
  awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) kept[i] = $i !~ \
    /^(layers|seconds|compute|rebuild|expand|project|project_gradient|wait|exchange|peakBytes)$/ && $i !~ \
    /_(median|p10|p90|min|max)$/ || $i == "exchange" && NF > 20 }
    { line = ""; for (i = 1; i <= NF; i++) if (kept[i]) line = line OFS $i; print line }' "$1"
}

# A result.json without times, memory, the run's id, and the checksums of tables, which have times in them.
without_measurements() {
  sed '/"files" *: {/,/}/d' "$1" | grep -vE '"(peakBytes|seconds|secondsPerStep|evaluationSeconds|run)"' || true
}
