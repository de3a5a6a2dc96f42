#!/bin/busybox sh
# Process 1 of a guest: says that it is up, runs the commands of the case that the kernel's command line names, powers off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp

# Loads a module after those it needs.
load() {
	for module in $(sed -n "s/^$1: //p" /m/needs); do
		[ -e "/sys/module/$module" ] || insmod "/m/$module.ko" || echo "guest: cannot load $module"
	done
}

echo "INNER UP after $(cut -d' ' -f1 /proc/uptime) s"
for word in $(cat /proc/cmdline); do
	case $word in
	case=*) name=${word#case=} ;;
	esac
done
# shellcheck disable=SC1090
[ -s "/cases/$name" ] && . "/cases/$name"
poweroff -f
