#!/bin/bash
# Makes what is given to users, in target/dist: a Debian package, an archive with the static program, and the manifest by
# which krew installs that archive as a kubectl plugin.
#
#   RELEASE_URL   where the archive will be found; stands in the manifest
#   PROFILE       cargo's profile: release, or dev for a quick trial
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${PROFILE:-release}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
url=${RELEASE_URL:-https://example.invalid/kubenet/v$version}
machine=$(uname -m)
case $machine in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *)
    echo "no packages are made for $machine" >&2
    exit 1
    ;;
esac
command -v dpkg-deb >/dev/null || {
  echo "dpkg-deb is missing (hint: packages are made on Debian or its like; apt-get install dpkg)" >&2
  exit 1
}

# Static, so that it runs on any node, whatever C library that has. Only with --target are build scripts left alone.
target=$machine-unknown-linux-gnu
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
  cargo build --locked --profile "$profile" --target "$target"
built=${CARGO_TARGET_DIR:-target}/$target/$([ "$profile" = dev ] && echo debug || echo "$profile")/kubenet

out=${CARGO_TARGET_DIR:-target}/dist
rm -rf "$out"
mkdir -p "$out"
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

# The archive.
name=kubenet-$version-linux-$architecture
mkdir "$staging/$name"
install -m 755 -s "$built" "$staging/$name/kubenet"
ln -s kubenet "$staging/$name/kubectl-kubenet"
ln -s kubenet "$staging/$name/kubectl_complete-kubenet"
cp LICENSE README.md CHANGELOG.md "$staging/$name/"
cp -r completions man "$staging/$name/"
tar -C "$staging" --owner=0 --group=0 --sort=name -czf "$out/$name.tar.gz" "$name"

# The manifest.
sum=$(sha256sum "$out/$name.tar.gz" | cut -d' ' -f1)
sed "s|@VERSION@|$version|g; s|@URL@|$url|g; s|@ARCHITECTURE@|$architecture|g; s|@SHA256@|$sum|g; s|@NAME@|$name|g" \
  packaging/krew.yaml.in > "$out/kubenet.yaml"

# The package.
root=$staging/root
share=$root/usr/share
install -d "$root/DEBIAN" "$root/usr/bin" "$share/man/man1" "$share/doc/kubenet"
cp -P "$staging/$name/"{kubenet,kubectl-kubenet,kubectl_complete-kubenet} "$root/usr/bin/"
install -m 644 man/*.1 "$share/man/man1/"
gzip -9n "$share"/man/man1/*.1
install -D -m 644 completions/kubenet.bash "$share/bash-completion/completions/kubenet"
install -D -m 644 completions/_kubenet "$share/zsh/vendor-completions/_kubenet"
install -D -m 644 completions/kubenet.fish "$share/fish/vendor_completions.d/kubenet.fish"
install -m 644 README.md "$share/doc/kubenet/"
install -m 644 LICENSE "$share/doc/kubenet/copyright"
gzip -9nc CHANGELOG.md > "$share/doc/kubenet/changelog.gz"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
cat > "$root/DEBIAN/control" <<CONTROL
Package: kubenet
Version: $version
Architecture: $architecture
Maintainer: The kubenet authors <authors@kubenet.invalid>
Installed-Size: $size
Section: net
Priority: optional
Recommends: iptables, nftables, ipset
Suggests: ipvsadm, iproute2
Description: explains what the kernel does with a packet in a Kubernetes cluster
 kubenet reads the routes, rules, neighbours, bridges, tunnels and sockets of
 nodes and pods, follows a packet through them as the kernel does, shows the
 evidence for each step, and names what stops it and how to mend that.
CONTROL
dpkg-deb --build --root-owner-group "$root" "$out/kubenet_${version}_$architecture.deb" >/dev/null

ls -l "$out"
