#!/usr/bin/env bash
# Proves that no bit depends on the machine, and prints a line for each thing proved; `make proof` calls it.
#
#   tests/digest/proof.sh BUILD_FOLDER
#
# All of it takes hours. What was proved of a commit is kept in BUILD_FOLDER/proved: called again, it goes on with what was not, and
# prints the other lines as they were, with their date. A tree with anything that isn't committed is proved from the beginning.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1 bin=$1/bin
failed=0
commit=$(git rev-parse HEAD 2>/dev/null || true)
if [ -n "$(git status --porcelain 2>/dev/null)" ]; then commit=""; fi

# prove WHAT COMMAND...: the last line that the command prints is what it found, but for WHAT, should it begin with that, and its own time.
prove() {
  local what=$1 start=$SECONDS words kept
  shift
  kept=$build/proved/$commit/${what//[^a-zA-Z0-9]/_}
  if [ -n "$commit" ] && [ -e "$kept" ]; then
    printf '%-44s %s, on %s\n' "$what" "$(cat "$kept")" "$(date -u -r "$kept" '+%Y-%m-%d %H:%M UTC')"
  elif words=$("$@"); then
    words=$(sed -E "s/^$what +//; s/ \\([0-9]+ s\\)$//" <<<"${words##*$'\n'}")" ($((SECONDS - start)) s)"
    printf '%-44s %s\n' "$what" "$words"
    if [ -n "$commit" ] && [[ $words != skipped* ]]; then
      mkdir -p "${kept%/*}" && printf '%s' "$words" >"$kept"
    fi
  else
    printf '%-44s FAILED\n%s\n' "$what" "$words"
    failed=1
  fi
}

# run_tests CTEST_OPTION...: how many passed; where not all did, what the others printed.
run_tests() {
  local log=$build/proof-tests.log
  if ctest "$@" -j "$(nproc)" --output-on-failure >"$log" 2>&1; then
    grep 'tests passed' "$log"
  else
    grep -av ' Passed ' "$log"
    return 1
  fi
}

# Every kernel against plain loops, on every instruction set and on 1, 2, 3 and 7 threads; orders by inputs that swamp; every op in hostile
# surroundings.
tests() {
  run_tests --test-dir "$build" -L '^(tensor|digest)$' -E '^digest'
}

# A run that is killed, torn, cut off from power or disk at every single operation, and stopped at every step.
kills() {
  STET_EVERY_CASE=1 run_tests --test-dir "$build" -R '^RunKill|GoesOnFromEveryStep|^tracking[.](keeping|exchange|sftp)'
}

# A record that is edited in every way, by as many processes as there are processors.
tampering() {
  local shards=$(nproc) shard processes=()
  for ((shard = 0; shard < shards; ++shard)); do
    STET_EVERY_CASE=1 GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard "$bin/tracking_test" --gtest_filter='Tamper*' \
      >"$build/proof-tampering.$shard" &
    processes+=($!)
  done
  local status=0
  for process in "${processes[@]}"; do wait "$process" || status=1; done
  awk '/ tried / { tried += $(NF - 5); print > "/dev/stderr" } /  PASSED  / { passed += $4 } END {
    print tried " edits, " passed " tests passed" }' "$build"/proof-tampering.*
  return $status
}

# Every test but the house's and the examples'; continuous integration leaves out the longest.
sanitized() {
  CC=clang CXX=clang++ make build PRESET=asan >build/proof-sanitized.log 2>&1 &&
    run_tests --preset asan -LE 'house|examples'
}

# The kernels for AVX-512, which sanitized builds leave out otherwise.
sanitized_avx512() {
  CC=clang CXX=clang++ cmake --preset asan -B build/proof-asan -DSTET_SANITIZE_AVX512=ON -DSTET_BUILD_EXAMPLES=OFF >build/proof-asan.log &&
    cmake --build build/proof-asan -j "${JOBS:-$(nproc)}" --target tensor_test >>build/proof-asan.log &&
    STET_ISA=avx512 ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 build/proof-asan/bin/tensor_test | grep PASSED
}

# In a folder of its own: the one that is proved has perhaps no CUDA.
gpu_benchmarks() {
  cmake -S . -B build/proof-cuda -G Ninja -DCMAKE_BUILD_TYPE=Release -DSTET_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=90-real >build/proof-cuda.log &&
    cmake --build build/proof-cuda -j "${JOBS:-$(nproc)}" --target gpu_bench gpu_exhaustive >>build/proof-cuda.log && echo compiled
}

# A record of version 1 of the numerics contract: the last commit that kept it makes one of ResNet-20, whose batch norm has other bits
# since, and today's `stet` verifies it by the program that it kept. It needs the whole history.
record_of_version_1() {
  local folder=$PWD/build/proof-v1 since
  since=$(git log --format=%H -S'numerics_version = 2' -- tensor/contract.h | tail -n 1)
  rm -rf "$folder/source" "$folder/runs" && mkdir -p "$folder/source" && git archive "$since^" | tar -x -C "$folder/source" &&
    cmake -S "$folder/source" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$folder/build.log" &&
    cmake --build "$folder/build" -j "${JOBS:-$(nproc)}" --target resnet >>"$folder/build.log" &&
    XDG_STATE_HOME=$folder/state "$folder/build/bin/resnet" --runs "$folder/runs" --name old --max-steps 3 --quiet >/dev/null &&
    "$bin/stet" show old --runs "$folder/runs" | grep 'numerics 1,' >/dev/null &&
    "$bin/stet" verify old --runs "$folder/runs" --trust | grep '^verified'
}

isas=$("$bin/digests" --isas)
# Without vectors the models take half an hour of two processors: beside all other lines, which leave some idle.
set -m  # a process group of its own, which ends with this script
(
  prove "reference models, 20 steps, scalar" chrt --idle 0 tests/digest/check.py --models --isa scalar "$bin/digests"
  exit $failed
) >"$build/proof-scalar" &
without_vectors=$!
set +m
trap 'kill -- -"$without_vectors" 2>/dev/null || true' EXIT
prove "the tests of tensor and digest" tests
prove "a fault at every operation on disk" kills
prove "every edit of a record" tampering
prove "OMP_* and locale variables set" env OMP_NUM_THREADS=5 OMP_DYNAMIC=true OMP_PROC_BIND=close LC_ALL=de_DE.UTF-8 LANG=tr_TR.UTF-8 \
  tests/digest/check.py "$bin/digests"
for isa in $isas; do
  for function in exp expm1 log log1p tanh sigmoid erf sqrt sin cos sinpi cospi tan asin acos atan sinh cosh log2 log10 pow; do
    prove "$function, a sample, $isa" env STET_ISA="$isa" "$bin/exhaustive" --every 61 "$function"
  done
done
for compiled in $(tests/digest/matrix.sh --list); do
  prove "$compiled" tests/digest/matrix.sh "$compiled"
done
prove "all tests, sanitized" sanitized
if [[ " $isas " == *avx512* ]]; then
  prove "the tests of tensor, sanitized, on avx512" sanitized_avx512
fi
if command -v nvcc >/dev/null; then
  prove "nvcc compiles the GPU's benchmarks" gpu_benchmarks
fi
prove "a record of version 1 of the contract" record_of_version_1
prove "bare Debian trixie" tests/bare_debian.sh trixie
for isa in $isas; do
  [ "$isa" = scalar ] || prove "reference models, 20 steps, $isa" tests/digest/check.py --models --isa "$isa" "$bin/digests"
done
wait "$without_vectors" || failed=1
cat "$build/proof-scalar"
exit $failed
