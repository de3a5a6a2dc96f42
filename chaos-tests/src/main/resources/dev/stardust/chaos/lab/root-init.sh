#!/bin/busybox sh
# Process 1 of a guest whose root is a disk: writes files, syncs, powers off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "root: $(sed -n 's/^[^ ]* \/ \(ext4\) .*/\1/p' /proc/mounts)"
dd if=/dev/urandom of=/data bs=64k count=64 2>/dev/null
n=0
while [ $n -lt 100 ]; do
	n=$((n + 1))
	echo "$n" >/many/$n
done
sync
echo 3 >/proc/sys/vm/drop_caches
echo "wrote: $(md5sum </data)"
mount -o remount,ro /
poweroff -f
