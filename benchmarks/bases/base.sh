#!/bin/sh
# base.sh ROOT DEBS PACKAGE SIZE IMAGE: an ext4 of SIZE with what root.sh made, and PACKAGE installed in it.
# Packages that were fetched are kept in the folder DEBS for the next time.
set -eu
root=$1 debs=$2 package=$3 size=$4 image=$5
new=$image.root
archives=$new/var/cache/apt/archives
trap 'rm -rf "$new"' EXIT
mkdir -p "$debs"
cp -a "$root" "$new"
mkdir -p "$archives/partial"
find "$debs" -name '*.deb' -exec ln -t "$archives" {} +
# From outside, by this machine's way to the network; dpkg runs inside.
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dir="$new" -o DPkg::Chroot-Directory="$new" \
    -o APT::Keep-Downloaded-Packages=true -o DPkg::Post-Invoke::= -o APT::Update::Post-Invoke::= \
    -o DPkg::Options::=--force-unsafe-io install --no-install-recommends "$package"
find "$archives" -name '*.deb' -exec ln -f -t "$debs" {} +
rm -rf "$archives"/*.deb "$new/var/lib/apt/lists" "$new/usr/sbin/policy-rc.d"
truncate -s "$size" "$image"
mkfs.ext4 -q -d "$new" "$image"
