#!/bin/sh
# build.sh OUT: builds what tells whether this host's KVM can run Linux.
set -eu
mkdir -p "$(dirname "$1")"
${CC:-gcc} -nostdlib -static -Wl,-Ttext=0x100000 -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-N -Wl,--no-warn-rwx-segments \
  -o "$1" "$(dirname "$0")/probe.S"
