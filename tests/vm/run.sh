#!/bin/bash
# Runs test programs in a kernel that has what this machine's may lack (ip_vs, dummy, ipip, ...): Debian's cloud kernel
# under qemu. Ends with status 0 when all passed, 1 when some failed, and 77, after a line `skipped: REASON`, when it
# cannot be done here. What it unpacks and packs is kept in KUBENET_VM_CACHE (default ~/.cache/kubenet/vm, or /var/tmp
# where that cannot be written to).
#
#   tests/vm/run.sh [PROGRAM[:FILTER] ...]     test programs by name, each perhaps with the part of tests' names to run
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
PATH=$PATH:/usr/sbin:/sbin
cache=${KUBENET_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/kubenet/vm}
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || cache=/var/tmp/kubenet-vm-$(id -u)
patience=${KUBENET_VM_SECONDS:-600}

skip() {
  echo "skipped: $1"
  exit 77
}

[ "$(uname -m)" = x86_64 ] || skip "the kernel for the virtual machine is for x86_64, this is $(uname -m)"

# --- What it needs: programs, and the package each is in.
needs="qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod ip:iproute2 iptables:iptables \
nft:nftables ipset:ipset ipvsadm:ipvsadm conntrack:conntrack"
missing=$(for need in $needs; do
  command -v "${need%%:*}" >/dev/null || echo "${need##*:}"
done | tr '\n' ' ')
if [ -n "$missing" ]; then
  { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; } || skip "missing: $missing(sudo apt-get install $missing)"
  # shellcheck disable=SC2086 # one word a package
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
    >"${TMPDIR:-/tmp}/kubenet-vm-apt.log" 2>&1 || skip "apt-get could not install $missing"
fi

# --- The kernel, unpacked once.
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if ! ls "$cache"/kernel/boot/vmlinuz-* >/dev/null 2>&1; then
  command -v apt-get >/dev/null || skip "there is no apt-get to fetch a kernel with"
  find_package() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: //p' | head -1; }
  package=$(find_package)
  if [ -z "$package" ] && [ "$(id -u)" = 0 ]; then
    apt-get update -q >/dev/null 2>&1 || true
    package=$(find_package)
  fi
  [ -n "$package" ] || skip "apt knows no linux-image-cloud-amd64"
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$work" && apt-get download -q "$package" >/dev/null 2>&1 && dpkg -x "$package"_*.deb kernel) ||
    { rm -rf "$work"; skip "apt-get could not download $package"; }
  rm -rf "$cache/kernel"
  mv "$work/kernel" "$cache/kernel"
  rm -rf "$work"
fi
kernel=$(ls "$cache"/kernel/boot/vmlinuz-* | head -1)
version=${kernel##*/vmlinuz-}

# Copies files into a folder under their own names, each with the libraries that it is linked to.
install_into() {
  local folder=$1 file library
  shift
  for file in "$@"; do
    [ -e "$file" ] || continue
    mkdir -p "$folder$(dirname "$file")"
    cp -Lu "$file" "$folder$file"
    for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
      [ -e "$folder$library" ] || { mkdir -p "$folder$(dirname "$library")"; cp -L "$library" "$folder$library"; }
    done
  done
}

# --- What does not change from run to run: tools and modules.
stamp=$(cat "$0" "$root/tests/vm/init" | sha256sum | cut -c1-16)-$version
if [ ! -e "$cache/base-$stamp.cpio.gz" ]; then
  rm -rf "$cache"/base-* "$cache/base"
  base=$cache/base
  mkdir -p "$base"/{bin,dev,etc,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin,var/run}
  cp "$(command -v busybox)" "$base/bin/busybox"
  for tool in ip bridge ss tc nft ipset ipvsadm conntrack nfacct sysctl unshare nsenter setpriv modprobe xtables-monitor \
    iptables{,-save,-restore} ip6tables{,-save,-restore} {ip,ip6}tables-{nft,legacy}{,-save,-restore}; do
    path=$(command -v "$tool") || continue
    install_into "$base" "$(readlink -f "$path")"
    [ "$(readlink -f "$path")" = "$path" ] || { mkdir -p "$base$(dirname "$path")"; ln -sf "$(readlink -f "$path")" "$base$path"; }
  done
  # shellcheck disable=SC2046 # one word a file
  install_into "$base" /usr/lib/x86_64-linux-gnu/xtables/*.so /etc/protocols /etc/services \
    $(ls /lib/x86_64-linux-gnu/libnss_files.so.2 2>/dev/null)
  mkdir -p "$base/lib/modules/$version"
  for folder in net drivers/net lib crypto fs/fuse; do
    from=$cache/kernel/lib/modules/$version/kernel/$folder
    [ -d "$from" ] || continue
    mkdir -p "$base/lib/modules/$version/kernel/$folder"
    cp -r "$from/." "$base/lib/modules/$version/kernel/$folder"
  done
  cp "$cache/kernel/lib/modules/$version"/modules.{order,builtin} "$base/lib/modules/$version/"
  # Drivers of hardware, which this machine does not have.
  rm -rf "$base/lib/modules/$version/kernel/drivers/net/ethernet" "$base/lib/modules/$version/kernel/drivers/net/wireless"
  depmod -b "$base" "$version" 2>/dev/null
  cp tests/vm/init "$base/init"
  chmod +x "$base/init"
  (cd "$base" && find . | cpio --quiet -o -H newc | gzip -1) >"$cache/base.part"
  # A further archive may follow, at a multiple of four bytes.
  truncate -s %4 "$cache/base.part"
  mv "$cache/base.part" "$cache/base-$stamp.cpio.gz"
fi

# --- The programs under test, at their own paths, as they look for each other and for their fixtures there.
if [ $# = 0 ]; then
  set -- ipvs_kernel nftables_kernel:flowtables lab_judge:ipvs clusters_kernel:ipvs_clusters check_healthy:ipvs_mode::case_3 lab_faults:ipvs
  # A few: the machine may be emulated.
  : "${KUBENET_CASES:=2}"
fi
names=$(for one in "$@"; do echo "${one%%:*}"; done | sort -u)
built=$(for name in $names; do printf -- '--test %s ' "$name"; done)
# shellcheck disable=SC2086 # one word an argument
programs=$(cargo test --locked --no-run $built --message-format=json 2>"$cache/build.log" |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p') || { cat "$cache/build.log"; exit 1; }
run=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf "$run"' EXIT
mkdir -p "$run/files/vm"
: >"$run/files/vm/tests"
for name in KUBENET_CASES KUBENET_SEED; do
  echo "export $name=${!name-}"
done >"$run/files/vm/environment"
for program in $programs; do
  mkdir -p "$run/files$(dirname "$program")"
  strip -o "$run/files$program" "$program"
  # The whole set of libraries is that of the first program that needs them.
  install_into "$run/libraries" "$program"
  rm -f "$run/libraries$program"
done
for one in "$@"; do
  filter=${one#"${one%%:*}"}
  program=$(grep "/${one%%:*}-[0-9a-f]*$" <<<"$programs")
  echo "$program ${filter#:}" >>"$run/files/vm/tests"
done
cp -r "$run/libraries/." "$run/files/"
mkdir -p "$run/files$root/tests"
cp -r tests/fixtures "$run/files$root/tests/"
echo "$root" >"$run/files/vm/root"
(cd "$run/files" && find . | cpio --quiet -o -H newc) >"$run/files.cpio"
cat "$cache/base-$stamp.cpio.gz" "$run/files.cpio" >"$run/initrd"

# --- The machine. KVM is tried first, in a run that only says that it is up.
boot() {
  local seconds=$1 acceleration=$2 initrd=$3 words=$4
  timeout -k 5 "$seconds" qemu-system-x86_64 -accel "$acceleration" -cpu max -smp 2 -m 2048 -kernel "$kernel" \
    -initrd "$initrd" -append "console=ttyS0 loglevel=5 panic=-1 $words" -display none -monitor none -no-reboot \
    -serial "file:$run/console" -serial "file:$run/results" </dev/null >/dev/null 2>"$run/qemu.log"
}
acceleration=tcg
# The shell would tell of an abort by itself.
if [ -w /dev/kvm ] && { boot 20 kvm "$cache/base-$stamp.cpio.gz" kubenet.probe; } 2>/dev/null && grep -q "is up" "$run/results"; then
  acceleration=kvm
fi
rm -f "$run/results"
started=$SECONDS
boot "$patience" "$acceleration" "$run/initrd" "" || true
echo "virtual machine: linux $version under $acceleration, $((SECONDS - started)) s"
tr -d '\r' <"$run/results" | grep -v '^all done, status' || true
status=$(tr -d '\r' <"$run/results" | sed -n 's/^all done, status //p')
if [ -z "$status" ]; then
  # A machine that is too slow, or locks up, says nothing about kubenet. A test that failed in it does.
  why="the virtual machine did not come to an end in $patience s: $(grep -v '^ *$' "$run/console" "$run/qemu.log" -h | tail -n 1 | tr -d '\r')"
  if grep -q ' \.\.\. FAILED$\|^thread .* panicked at' <(tr -d '\r' <"$run/results"); then
    echo "test result: FAILED. 0 passed; 1 failed; $why"
    exit 1
  fi
  skip "$why"
fi
exit "$((status != 0))"
