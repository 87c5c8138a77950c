#!/usr/bin/env bash
# Runs libFuzzer on each reader and stops at the first finding, which is left in FOLDER/findings.
#   tests/fuzz/run.sh FOLDER-OF-PROGRAMS [MINUTES] [TARGET...]
# What it found worth keeping lies in FOLDER/corpus. A finding is mended, and becomes a file of tests/fuzz/corpus/TARGET.
set -euo pipefail
bin=$1 minutes=${2:-10}
shift $(($# < 2 ? $# : 2))
seeds=$(cd "$(dirname "$0")" && pwd)/corpus
[ $# -gt 0 ] || set -- checkpoint record event_log gzip csv idx png config safetensors npy npz image query request sftp index
mkdir -p "$bin/findings"
for target in "$@"; do
  mkdir -p "$bin/corpus/$target"
  echo "fuzz_$target: $minutes minutes"
  "$bin/fuzz_$target" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=3000 -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="$bin/findings/$target-" "$bin/corpus/$target" "$seeds/$target" >"$bin/findings/$target.log" 2>&1 ||
    { tail -n 40 "$bin/findings/$target.log"; exit 1; }
  grep -E 'number_of_executed_units' "$bin/findings/$target.log"
done
echo "No finding."
