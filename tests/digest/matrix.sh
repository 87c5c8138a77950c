#!/usr/bin/env bash
# Holds compilers, levels of optimisation and architectures to the same bits: builds the digest program with each, and compares what
# it prints on every instruction set with the committed digests.
#
#   tests/digest/matrix.sh --list                      names the builds
#   tests/digest/matrix.sh [--isa NAME] [BUILD...]     of: gcc-O0 gcc-O2 gcc-O3 gcc-native clang-O0 clang-O2 clang-O3 clang-native aarch64
#
# --isa runs that instruction set alone, in place of every one that the build has. -native is a user's
# `-O3 -march=native`. aarch64 needs `cmake/setup.sh aarch64` and runs under qemu.
set -euo pipefail
cd "$(dirname "$0")/../.."

all=(gcc-O0 gcc-O2 gcc-O3 gcc-native clang-O0 clang-O2 clang-O3 clang-native aarch64)
if [ "${1:-}" = --list ]; then
  echo "${all[@]}"
  exit 0
fi
jobs=${JOBS:-$(nproc)}
isa=()
if [ "${1:-}" = --isa ]; then
  isa=(--isa "$2")
  shift 2
fi

# The CMake settings of a build. No build type: what is asked for is all that there is.
settings() {
  local level=-${1#*-} compiler=${1%-*}
  [ "$level" = -native ] && level="-O3 -march=native"
  case $1 in
    aarch64) echo "-DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake;-DCMAKE_BUILD_TYPE=Release" ;;
    gcc-* | clang-*)
      [ "$compiler" = gcc ] && compiler=g++ || compiler=clang++
      echo "-DCMAKE_CXX_COMPILER=$compiler;-DCMAKE_BUILD_TYPE=None;-DCMAKE_CXX_FLAGS=$level;-DSTET_KERNEL_FLAGS=${level%% *}" ;;
    *) echo "matrix: no build '$1'; use one of: ${all[*]}" >&2; exit 2 ;;
  esac
}

check() {
  local folder=build/matrix/$1 options runner=""
  options=$(settings "$1") || return
  IFS=';' read -r -a options <<<"$options"
  [ "$1" = aarch64 ] && runner=qemu-aarch64
  mkdir -p "$folder"
  # A compiler's warnings at a user's flags are not the question here.
  cmake -S . -B "$folder" -G Ninja -DSTET_BUILD_TRACKING=OFF -DSTET_WERROR=OFF "${options[@]}" >"$folder/configure.log" 2>&1 ||
    { cat "$folder/configure.log" >&2; return 1; }
  cmake --build "$folder" -j "$jobs" --target digests >"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2; return 1; }
  tests/digest/check.py "${isa[@]}" --runner "$runner" "$folder/bin/digests"
}

builds=("$@")
[ $# -gt 0 ] || builds=("${all[@]}")
failed=0
for build in "${builds[@]}"; do
  start=$SECONDS
  if words=$(check "$build"); then
    printf '%-14s %s (%d s)\n' "$build" "$words" $((SECONDS - start))
  else
    printf '%-14s FAILED\n' "$build"
    failed=1
  fi
done
exit $failed
