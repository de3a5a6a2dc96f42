#!/bin/busybox sh
# Process 1 of the lab machine: loads KVM and the disks' drivers, then runs the cases' program once and powers off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mkdir -p /dev/shm /run /base /work /lib
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run

since_boot() { cut -d' ' -f1 /proc/uptime; }

while read -r module; do
	insmod "/m/$module.ko" || echo "lab: cannot load $module"
done </m/order
mount -t ext4 -o ro /dev/vda /base
mount -t ext4 -o ro /dev/vdb /work
ln -s /base/lib /lib64
ln -s /base/lib /lib/x86_64-linux-gnu
mkdir -p /etc/ld.so.conf.d # jnr-ffi looks into it
ip link set lo up
# dnsmasq gives up root for nobody, and looks for name servers.
echo 'nobody:x:65534:65534::/:' >/etc/passwd
echo 'nogroup:x:65534:' >/etc/group
: >/etc/resolv.conf
export PATH=/base/tools:$PATH # the host's ip before busybox's

for word in $(cat /proc/cmdline); do
	case $word in
	lab.cases=*) cases=$(echo "${word#lab.cases=}" | tr , ' ') ;;
	esac
done
echo "lab: up after $(since_boot) s"
cd /work || exit # the class path is relative to it
# shellcheck disable=SC2086
/base/jre/bin/java @/work/java.args $cases
echo "lab: done after $(since_boot) s, the cases' program ended with $?"
poweroff -f
