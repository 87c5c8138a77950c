#!/usr/bin/env bash
# Holds other compilers and other levels of optimisation to the same bits: builds the example mnist and stet alone, and lets
# tests/examples/same_bits_test.py compare their final states with the committed digests, on each instruction set.
#
#   tests/house/compiler_matrix.sh [COMPILER:BUILD_TYPE ...]     by default g++:Debug clang++:Debug clang++:Release
set -euo pipefail
cd "$(dirname "$0")/../.."

builds=("$@")
[ $# -gt 0 ] || builds=(g++:Debug clang++:Debug clang++:Release)
for build in "${builds[@]}"; do
  compiler=${build%:*} type=${build#*:}
  folder=build/matrix/$compiler-$type
  echo "$compiler, $type"
  mkdir -p "$folder"
  cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE="$type" \
    -DSTET_BUILD_TESTS=OFF -DSTET_BUILD_BENCH=OFF >"$folder/configure.log" || { cat "$folder/configure.log"; exit 1; }
  cmake --build "$folder" -j "$(nproc)" --target mnist stet_cli -- --quiet
  python3 tests/examples/same_bits_test.py "$folder/bin"
done
