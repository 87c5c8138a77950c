#!/usr/bin/env bash
# Checks and measures everything on a machine with a GPU. Part of a bundle (cmake/gpu_bundle.sh), which needs a driver, and for some of it
# Python.
#
#   run-all.sh LOGS [PART...]     logs go into the folder LOGS
#
#   parity     the tests of the CUDA backend, and every digest against the committed ones            at most  8 min
#   sanitize   digests under compute-sanitizer, where there is one: memcheck, racecheck, initcheck, synccheck    8 min
#   train      an example on the CPU and on the GPU, each of which stet verifies on the other                4 min
#   bench      the tables of docs/benchmarks.md, beside PyTorch where python3 has it                            9.5 min
#   profile    what limits some kernels, and each kernel's share of whole steps, by Nsight Compute where it is     8 min
#
# Without a PART all of them run, in this order; a failure ends its step alone. What it prints, and LOGS/summary.txt, says which failed.
# It ends with 1 if one did, and with 2 where there is no GPU. PYTHON names another python3.
set -u
[ $# -ge 1 ] || { sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && logs=$(cd "$1" && pwd) || exit 2
shift
parts=("${@:-all}")
python=${PYTHON:-python3}
bin=$here/bin
summary=$logs/summary.txt
failed=0

say() { echo "$*" | tee -a "$summary"; }
wanted() { [[ " ${parts[*]} " == *" $1 "* || " ${parts[*]} " == *" all "* ]]; }

# step LOG SECONDS NAME COMMAND...: appends what the command prints to LOG.
step() {
  local log=$logs/$1 limit=$2 name=$3 start=$SECONDS status=0
  shift 3
  echo "==== $name: $*" >>"$log"
  timeout -k 10 "$limit" "$@" >>"$log" 2>&1 </dev/null || status=$?
  case $status in
    0) say "pass  $name ($((SECONDS - start)) s)" ;;
    124 | 137) say "STOP  $name after $limit s: $(basename "$log")" ;;
    *) say "FAIL  $name (status $status, $((SECONDS - start)) s): $(basename "$log")"; tail -n 4 "$log" | sed 's/^/        /' ;;
  esac
  [ $status -eq 0 ] || failed=1
}

say "Stet $(cat "$here/commit"), ${parts[*]}, $(date -u +%Y-%m-%dT%H:%M:%SZ), $(uname -srm), $(getconf GNU_LIBC_VERSION 2>/dev/null)"
if command -v nvidia-smi >/dev/null; then say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader)"; fi
if ! "$bin/gpu_bench" no-case >"$logs/gpu.txt" 2>&1; then
  say "FAIL  $(tail -n 1 "$logs/gpu.txt")"
  exit 2
fi

runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

committed=$(ls -v "$here"/tests/golden/digests-v*.txt | tail -n 1)

if wanted parity; then
  step parity.txt 240 "cuda_gpu_test" "$bin/cuda_gpu_test" --gtest_brief=1
  step digests.txt 100 "digests" "$bin/digests" --device cuda --models
  if command -v "$python" >/dev/null; then
    step parity.txt 100 "digests are the committed ones" \
      "$python" "$here/tests/digest/check.py" --device cuda --models "$bin/digests"
  else
    step parity.txt 5 "digests are the committed ones" bash -c 'diff <(grep -v "^#" "$0" | sort) <(grep -v "^====" "$1" | cut -d" " -f1,2 | sort)' \
      "$committed" "$logs/digests.txt"
  fi
fi

if wanted sanitize; then
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | tail -n 1)
  if [ -n "$sanitizer" ]; then
    # Every op's cases, but not the models', which run the same kernels thousands of times.
    cases=$(grep -v -e '^#' -e '^model[.]' "$committed" | cut -d' ' -f1)
    for tool in memcheck racecheck initcheck synccheck; do
      step sanitize.txt 120 "$tool" "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 20 "$bin/digests" --device cuda $cases
    done
  else
    say "none  compute-sanitizer is not here"
  fi
fi

if wanted train; then
  for device in cpu cuda; do
    step train.txt 60 "mnist on $device" "$bin/mnist" --model cnn --epochs 1 --device $device --runs "$runs" --name on-$device
  done
  step train.txt 60 "the GPU gives the CPU's bits" "$bin/stet" verify on-cpu --device cuda --runs "$runs"
  step train.txt 60 "the CPU gives the GPU's bits" "$bin/stet" verify on-cuda --device cpu --runs "$runs"
fi

if wanted bench; then
  step bench_tracking.txt 60 "bench_tracking" "$bin/bench_tracking" --model cnn --device cuda --runs "$runs"
  if command -v "$python" >/dev/null; then
    step tables.md 500 "bench/gpu" "$python" "$here/bench/gpu" --python "$python" --log "$logs/bench.txt"
  else
    step bench.txt 300 "gpu_bench" "$bin/gpu_bench"
    step bench.txt 120 "bench_steps" "$bin/bench_steps" --device cuda --gpt gpu
  fi
fi

if wanted profile; then
  ncu=$(command -v ncu || ls /usr/local/cuda*/bin/ncu /opt/nvidia/nsight-compute/*/ncu 2>/dev/null | tail -n 1)
  if [ -n "$ncu" ]; then
    # The clocks are left as training finds them.
    for model in gpt resnet lstm; do
      command -v "$python" >/dev/null || break
      step steps.txt 60 "kernels of a step: $model" bash -o pipefail -c '"$1" --clock-control none --metrics gpu__time_duration.sum --csv \
        "$2" --device cuda --model "$3" --gpt gpu --warm-up 0 --steps 3 --group 1 | "$4" "$5" 3' \
        - "$ncu" "$bin/bench_steps" $model "$python" "$here/bench/kernel_times.py"
    done
    for case in product/square/{1024,4096} product/gpt/384_1536/weight_gradient conv/resnet18_128_128_28/{forward,input_gradient,weight_gradient} \
      memory/{softmax/65536x1000,layer_norm_gradient/65536x1024,adamw/67108864} sequence/attention_8x12_heads_1024_64/{forward,gradient}; do
      step kernels.txt 30 "ncu: $case" "$ncu" --clock-control none --launch-skip 2 --launch-count 2 --section SpeedOfLight \
        --section MemoryWorkloadAnalysis --section WarpStateStats --section Occupancy --section LaunchStats "$bin/gpu_bench" "$case"
    done
  else
    say "none  ncu is not here"
  fi
fi

[ $failed -eq 0 ] && say "everything passed" || say "not everything passed"
exit $failed
