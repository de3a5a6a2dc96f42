#!/bin/sh
# Builds the guest's agent: one static program, for whatever guest. build.sh OUTPUT [flags of the compiler more]
# With -dynamic it is no static one, as sanitizers need it.
set -eu
output=$1
shift
here=$(dirname "$0")
static=-static
flags=
for flag; do
  if [ "$flag" = -dynamic ]; then static=; else flags="$flags $flag"; fi
done
mkdir -p "$(dirname "$output")"
# shellcheck disable=SC2086
${CC:-gcc} -Os -std=gnu17 -Wall -Wextra -Wshadow -Wconversion -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
  $static $flags -o "$output" "$here"/*.c
[ -z "$static" ] || strip "$output"
