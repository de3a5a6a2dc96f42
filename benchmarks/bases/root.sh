#!/bin/sh
# root.sh ROOT: a minimal Debian in the folder ROOT, with the lists of packages that base.sh needs.
set -eu
root=$1
mmdebstrap --variant=minbase --mode=root --skip=cleanup/apt/lists bookworm "$root.new" >/dev/null 2>&1
# No service starts while packages are installed.
printf '#!/bin/sh\nexit 101\n' > "$root.new/usr/sbin/policy-rc.d"
chmod 755 "$root.new/usr/sbin/policy-rc.d"
mv "$root.new" "$root"
