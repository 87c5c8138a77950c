#!/bin/sh
# The demo: one training that is never stopped; the same one again, killed half way and resumed; and whether the two
# ended in the same bits. STET_BIN is the folder of the programs; runs go below ./runs/demo, or $STET_RUNS.
set -eu
bin=${STET_BIN:?is not set: it is the folder of mnist and stet; 'make demo' sets it}
runs=${STET_RUNS:-runs/demo}
training="--model cnn --epochs 3 --checkpoint-every 25 --runs $runs"  # 255 steps
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# field NAME RUN: one text field of the run's record as `stet show` prints it.
field() { "$bin/stet" show "$2" --runs "$runs" --json | sed -n "s/^ *\"$1\": \"\(.*\)\",*$/\1/p" | head -n 1; }
newest() { "$bin/stet" show latest --runs "$runs" --json | sed -n 's/^ *"id": "\(.*\)",*$/\1/p' | head -n 1; }

echo "1. A small convolutional network learns digits that the program draws, without interruption."
"$bin/mnist" $training --name never-stopped
first=$(newest)

echo
echo "2. The same training again. It is killed (SIGKILL) half way."
"$bin/mnist" $training --name killed &
pid=$!
second=$first
while kill -0 $pid 2> /dev/null; do
  [ "$second" != "$first" ] || second=$(newest)
  if [ "$second" != "$first" ] && [ -e "$runs/$second/checkpoints/step-00000125.h5" ]; then
    kill -9 $pid
    break
  fi
  sleep 0.05
done
wait $pid 2> /dev/null || true
echo
echo "Killed. The run is $(field status "$second"), after $(ls "$runs/$second/checkpoints" | tail -n 1)."

echo
echo "3. 'stet resume' goes on from its last checkpoint."
"$bin/stet" resume "$second" --runs "$runs" | tee "$log"

echo
folder=$(field folder "$second")
tail -n 1 "$log" | sed 's/^test accuracy/accuracy  /'
echo "run        $folder"
echo "digest     $(field digest "$second")"
last=checkpoints/step-00000255.h5
# A checkpoint's first 512 bytes hold its place in the log; the state follows.
if [ "$(field digest "$first")" = "$(field digest "$second")" ] && cmp -s -i 512 "$runs/$first/$last" "$runs/$second/$last"; then
  echo "same bits as the run that was never stopped"
else
  echo "the bits differ from the run that was never stopped: 'stet diff $first $second --runs $runs' says where" >&2
  exit 1
fi
