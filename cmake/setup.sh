#!/usr/bin/env bash
# Installs what Stet builds with from the distribution's packages (Debian 12, Ubuntu 24.04, and later).
#
#   cmake/setup.sh [build] [test] [ci] [aarch64] [docs] [package] [bench]     the groups that are wanted; "build test" by default
#   YES=1 cmake/setup.sh                                     doesn't ask before it uses sudo
#
# With nothing missing it says nothing and needs no network.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config git
       libhwy-dev libhdf5-dev libprotobuf-dev protobuf-compiler libssl-dev libgit2-dev
       libcli11-dev libcurl4-openssl-dev libfmt-dev nlohmann-json3-dev libeigen3-dev zlib1g-dev libpng-dev libmpfr-dev libre2-dev libsqlite3-dev esbuild librsvg2-dev libyaml-cpp-dev)
test=(libboost-context-dev libgtest-dev libgmock-dev libbenchmark-dev openssh-sftp-server python3 python3-h5py python3-venv groff-base)
# Clang, the runtime of its sanitizers, the formatter that the tests hold the sources to, what checks the page's types and runs its
# modules, the browser that tests it, and a shell in which completion is tried.
ci=(clang libclang-rt-dev clang-format esbuild nodejs node-typescript chromium chromium-driver zsh)
# What the benchmarks compare with; each is left out where it is not installed.
bench=(libdnnl-dev ocl-icd-opencl-dev opencl-c-headers libopenblas-dev libsleef-dev python3-torch)
docs=(doxygen)
# What makes a Debian package: its dependencies are read from the programs.
package=(dpkg-dev file)
# What cmake/aarch64.cmake cross-compiles with, and what runs the result.
aarch64=(g++-aarch64-linux-gnu qemu-user libhwy-dev:arm64 libssl-dev:arm64 libfmt-dev:arm64 zlib1g-dev:arm64 libpng-dev:arm64 libmpfr-dev:arm64)

wanted=()
for group in "${@:-build test}"; do
  for name in $group; do
    case $name in
      build) wanted+=("${build[@]}") ;;
      test) wanted+=("${test[@]}") ;;
      ci) wanted+=("${ci[@]}") ;;
      aarch64) wanted+=("${aarch64[@]}") ;;
      docs) wanted+=("${docs[@]}") ;;
      package) wanted+=("${package[@]}") ;;
      bench) wanted+=("${bench[@]}") ;;
      *) echo "setup: no group '$name'; the groups are build, test, ci, aarch64, docs, package and bench" >&2; exit 2 ;;
    esac
  done
done

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian or Ubuntu system; if configuring fails, install what these are called here: ${wanted[*]}" >&2
  exit 0
fi

# dpkg-query's status is 1 where it doesn't know one of the names.
known=$(dpkg-query -W -f='${Package} ${Package}:${Architecture} ${Status}\n' "${wanted[@]}" 2>/dev/null || true)
installed=$(awk '$NF == "installed" { print $1; print $2 }' <<<"$known")
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Stet needs these packages, which are not installed yet:"
printf '%s\n' "${missing[*]}" | fold -s -w 100 | sed 's/^/  /'

install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
update=(apt-get update -q)
architecture=()
if [[ ${missing[*]} == *:arm64* ]] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
  architecture=(dpkg --add-architecture arm64)
fi
if [ "$(id -u)" -ne 0 ]; then
  by_hand="${architecture[*]:+sudo ${architecture[*]} && }sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
  if ! command -v sudo >/dev/null; then
    echo "setup: neither root nor sudo; as root run: ${by_hand//sudo /}" >&2
    exit 1
  fi
  if [ "${YES:-}" != 1 ]; then
    if ! { [ -t 0 ] && [ -t 1 ]; }; then
      echo "setup: no terminal to ask on; set YES=1, or run: $by_hand" >&2
      exit 1
    fi
    read -r -p "Install them with sudo apt-get? [Y/n] " answer
    case $answer in
      '' | [Yy]*) ;;
      *) echo "setup: nothing was installed; when you want to: $by_hand" >&2; exit 1 ;;
    esac
  fi
  install=(sudo "${install[@]}")
  update=(sudo "${update[@]}")
  architecture=(${architecture:+sudo "${architecture[@]}"})
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
  echo "$1"
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "setup: failed: $*" >&2
    exit 1
  fi
}
# sudo may have to ask for a password, which it does on the terminal, not on standard input.
[ ${#architecture[@]} -eq 0 ] || run "Adding the architecture arm64 ..." "${architecture[@]}"
run "Reading the package lists ..." "${update[@]}"
run "Installing ${#missing[@]} packages; this takes a minute or two ..." "${install[@]}"
