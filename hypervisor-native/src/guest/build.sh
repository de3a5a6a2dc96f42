#!/bin/sh
# build.sh OUT: builds the test guest into the file OUT with gcc and binutils; does nothing when OUT is newer than the
# sources and this script. The same sources and tools give the same bytes.
set -eu
src=$(dirname "$0")
out=$1
if [ -e "$out" ] && [ -z "$(find "$src" -type f -newer "$out")" ]; then
  exit 0
fi
mkdir -p "$(dirname "$out")"
trap 'rm -f "$out.$$"' EXIT
# Not newer than plain x86-64: the guest must run wherever KVM does; SHA extensions are asked for at run time.
${CC:-gcc} -std=gnu11 -O2 -march=x86-64 -Wall -Wextra -Werror -ffreestanding -fno-pic -no-pie \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -nostdlib -static \
  -Wl,-T,"$src/guest.ld" -Wl,--build-id=none -Wl,-z,max-page-size=4096 -o "$out.$$" "$src"/entry.S "$src"/*.c
mv "$out.$$" "$out"
