#!/bin/sh
# Builds what is preloaded into QEMU. build.sh OUTPUT
set -eu
mkdir -p "$(dirname "$1")"
${CC:-gcc} -O2 -shared -fPIC -U_FORTIFY_SOURCE -Wall -Wextra -Werror -o "$1" "$(dirname "$0")/preload.c"
strip "$1"
