#!/usr/bin/env bash
# README's two commands, `make demo` and `make test`, on a Debian with nothing installed: what git has of this tree, in a debootstrap.
#
#   tests/bare_debian.sh RELEASE [FOLDER]     RELEASE: bookworm, trixie, ...
#
# FOLDER keeps the system between two calls; without it, it lies in a scratch folder that goes again. Packages come from the first
# mirror in this machine's own apt sources. Where root, debootstrap or an answering mirror is missing, it says so and ends with 0.
set -euo pipefail
cd "$(dirname "$0")/.."
release=$1 folder=${2:-}

skip() {
  printf '%-44s skipped: %s\n' "bare Debian $release" "$1"
  exit 0
}

# Mounts go with their namespace, however this ends.
if [ "${STET_IN_NAMESPACE:-}" != 1 ]; then
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  command -v debootstrap >/dev/null || skip "there is no debootstrap"
  unshare --mount true 2>/dev/null || skip "no mount namespaces here"
  STET_IN_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'umount -l "$folder/proc" "$folder/dev" 2>/dev/null; rm -rf --one-file-system "$folder"' EXIT
fi
mkdir -p "$folder"
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; ++i) if ($i ~ /^https?:/) { print $i; exit } }' || true)
[ -n "$mirror" ] || skip "no mirror in apt's sources"
log=$folder.log
if [ ! -e "$folder/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase "$release" "$folder" "$mirror" >"$log" 2>&1 </dev/null || skip "debootstrap failed: $(tail -n 1 "$log")"
fi
cp /etc/resolv.conf "$folder/etc/resolv.conf"
mount -t proc proc "$folder/proc"
mount --rbind /dev "$folder/dev"

inside() {
  chroot "$folder" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 YES=1 DEBIAN_FRONTEND=noninteractive \
    ${CCACHE_DIR:+CCACHE_DIR="$CCACHE_DIR"} bash -c "$1"
}

# As somebody has it who cloned it, with what isn't committed yet.
if [ -d "$folder/stet/build" ]; then mv "$folder/stet/build" "$folder/built"; fi
rm -rf "$folder/stet"
git clone -q --no-hardlinks . "$folder/stet"
if [ -d "$folder/built" ]; then mv "$folder/built" "$folder/stet/build"; fi
git ls-files -z --deduplicate | xargs -0 cp --parents -t "$folder/stet"
start=$SECONDS
if ! inside 'apt-get update -q && apt-get install -y -q --no-install-recommends make' >"$log" 2>&1 </dev/null; then
  skip "apt-get failed: $(tail -n 1 "$log")"
fi
for target in demo test; do
  if ! inside "cd /stet && make $target" >>"$log" 2>&1 </dev/null; then
    printf '%-44s FAILED, see %s\n' "bare Debian $release, make $target" "$log"
    tail -n 30 "$log" >&2
    exit 1
  fi
done
printf '%-44s %s, %s (%d s)\n' "bare Debian $release" "$(grep 'tests passed' "$log")" "$(grep -i -m 1 'same bits\|digest' "$log" || true)" $((SECONDS - start))
