#!/usr/bin/env bash
# Packs programs and what they need into one folder, which runs wherever glibc is as new, and on a GPU where there is a driver.
#
#   gpu_bundle.sh FOLDER PROGRAM...
#
#   bin/         the programs, stripped
#   lib/         the shared libraries that they load, except glibc's; the driver's are never linked
#   bench/       bench/gpu, its parts, and PyTorch's side
#   tests/       the digests' check and the committed digests
#   run-all.sh   runs everything
#
# FOLDER.tar.xz is the same for the way: every program holds the same kernels, which a large dictionary finds again.
set -euo pipefail
bundle=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)

# glibc's own parts belong to the system's loader.
glibc='^(ld-linux.*|lib(c|m|mvec|pthread|dl|rt|util|resolv|anl|nsl|nss_.*|thread_db|BrokenLocale))\.so'

rm -rf "$bundle"
mkdir -p "$bundle"/{bin,lib,bench,tensor,tests/digest,tests/golden}
for program in "$@"; do
  cp "$program" "$bundle/bin/"
  ldd "$program" | awk '/not found/ { print "gpu-bundle: " $1 " is not found" > "/dev/stderr"; exit 1 } $2 == "=>" { print $3 }'
done | sort -u | while read -r library; do
  name=$(basename "$library")
  [[ $name =~ $glibc ]] || cp -L "$library" "$bundle/lib/$name"
done
chmod u+w "$bundle"/lib/*
strip "$bundle"/bin/*
strip --strip-unneeded "$bundle"/lib/*

cp "$root"/bench/{gpu,report,compare,torch_gpu.py,torch_steps.py,kernel_times.py} "$bundle/bench/"
cp "$root"/tests/digest/check.py "$bundle/tests/digest/"
cp "$root"/tests/golden/digests-v*.txt "$bundle/tests/golden/"
cp "$root"/tensor/contract.h "$bundle/tensor/" # which check.py reads the contract's version from
cp "$root"/bench/run-all.sh "$bundle/"
git -C "$root" describe --always --dirty >"$bundle/commit" 2>/dev/null || echo unknown >"$bundle/commit"

# Whether nothing outside is needed but glibc.
for file in "$bundle"/bin/*; do
  outside=$(LD_LIBRARY_PATH='' ldd "$file" | awk '$2 == "=>" { print $1, $3 }' | while read -r name path; do
    [[ $name =~ $glibc || $path == */gpu-bundle/* || $path == "$bundle"/* ]] || echo "$name"
  done)
  if [ -n "$outside" ]; then
    echo "gpu-bundle: $(basename "$file") takes from outside of the bundle:" $outside >&2
    exit 1
  fi
done
tar -C "$(dirname "$bundle")" -cf - "$(basename "$bundle")" | xz -T1 --check=crc32 --lzma2=preset=6,dict=64MiB >"$bundle.tar.xz"
size() { du -sm "$1" | cut -f 1; }
echo "gpu-bundle: $(size "$bundle") MB in $bundle, $(size "$bundle.tar.xz") MB in $bundle.tar.xz"
echo "gpu-bundle: on a machine with a GPU: tar -xf gpu-bundle.tar.xz && gpu-bundle/run-all.sh LOGS"
