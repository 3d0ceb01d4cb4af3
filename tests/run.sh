#!/bin/bash
# Runs everything that `make test` promises, from a fresh clone on Debian with Rust only: installs what the tests need
# (as root; otherwise says what is missing), checks form and lints, runs all tests, and lists those that were skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# A program that the tests run, and the Debian package it is in.
needs="ip:iproute2 iptables-save:iptables nft:nftables ipset:ipset ipvsadm:ipvsadm conntrack:conntrack"

missing_packages() {
  for need in $needs; do
    command -v "${need%%:*}" >/dev/null || echo "${need##*:}"
  done
}

missing=$(missing_packages | tr '\n' ' ')
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing what the tests need: $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # one word a package
    { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } ||
      echo "not all of it could be installed: tests that need it will be skipped"
  else
    echo "missing, so that some tests will be skipped: $missing"
    echo "install with: sudo apt-get install $missing"
  fi
fi

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
# The build for nodes alone, without the Kubernetes API.
cargo clippy --locked --no-default-features -- -D warnings

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
cargo test --locked --no-fail-fast -- --show-output 2>&1 | tee "$log" || status=$?

# What this machine's kernel may lack is tested in a virtual machine's. Status 77: there can be none here.
machine=0
tests/vm/run.sh 2>&1 | sed 's/^---- /---- vm:/' | tee -a "$log" || machine=$?
[ "$machine" = 0 ] || [ "$machine" = 77 ] || status=$machine

# A test that cannot run prints `skipped: REASON`, which stands below its name.
skipped=$(awk '
  /^---- .* stdout ----$/ { name = $2 }
  /^test result:/         { name = "" }
  /skipped: /             { sub(/.*skipped: /, ""); if (name) print name "\t" $0 }
' "$log" | sort -u)
sum() { awk -v column="$1" '/^test result:/ { sum += $column } END { print sum + 0 }' "$log"; }
passed=$(sum 4)
failed=$(sum 6)
count=0
unmade=0
if [ "$machine" = 77 ]; then
  unmade=1
fi
if [ -n "$skipped" ]; then
  count=$(cut -f1 <<<"$skipped" | sort -u | wc -l)
  printf '\n%s skipped, at least in part, and counted among the passed above:\n' "$count"
  sed 's/^/  /; s/\t/: /' <<<"$skipped"
fi
echo "$((passed - count)) passed, $failed failed, $((count + unmade)) skipped"
exit "$status"
