# What must be there before anything is installed or built; sourced by the launcher. Takes well under a second.
# Problems are one line each with the command that mends them; as root they are mended, otherwise exit code 6.

readonly EXIT_REFUSED=6
STARDUST_WITHOUT_KVM=${STARDUST_WITHOUT_KVM:-}
preflight_failed=

problem() { # what, mend
  printf 'stardust: %s\n  mend it with: %s\n' "$1" "$2" >&2
  preflight_failed=1
}

# What is said of a machine whose KVM is of no use, and nothing of any other.
kvm_missing() {
  local dev=${STARDUST_KVM_DEVICE:-/dev/kvm}
  if [ ! -e "$dev" ]; then
    printf '%s is missing: this machine has no KVM, or its module is not loaded\n' "$dev"
  elif [ ! -r "$dev" ] || [ ! -w "$dev" ]; then
    printf '%s may not be opened by %s: owner %s, mode %s\n' "$dev" "$(id -un)" "$(stat -c '%U:%G' "$dev")" "$(stat -c '%a' "$dev")"
  fi
}

kvm_mend() {
  local dev=${STARDUST_KVM_DEVICE:-/dev/kvm}
  if [ ! -e "$dev" ]; then
    printf '%s\n' "sudo modprobe kvm_amd || sudo modprobe kvm_intel   (in a cloud VM: choose a type with nested virtualization)"
  else
    printf '%s\n' "sudo usermod -aG $(stat -c '%G' "$dev") $(id -un) && newgrp $(stat -c '%G' "$dev")   (or: sudo chmod 666 $dev)"
  fi
}

# Nodes and the demo have QEMU for Linux; tests, soaks and benchmarks are of our own VMM too, and fail without KVM.
preflight_kvm() { # purpose
  local missing
  [ -z "$STARDUST_WITHOUT_KVM" ] || return 0
  if [ "$(id -u)" -eq 0 ]; then load_kvm; fi
  missing=$(kvm_missing)
  [ -n "$missing" ] || return 0
  case "$1" in
    node | demo)
      printf 'stardust: warning: %s; Linux VMs run on QEMU, the built-in test guest needs KVM\n' "$missing" >&2
      ;;
    test) problem "$missing" "$(kvm_mend)   (or leave out what needs it: stardust test --without-kvm)" ;;
    *) problem "$missing" "$(kvm_mend)" ;;
  esac
}

preflight_memory() {
  local need_mib=${STARDUST_NEED_MEMORY_MIB:-4000} have_kib
  have_kib=$(awk '/^MemAvailable:/{print $2}' /proc/meminfo)
  if [ "$((have_kib / 1024))" -lt "$need_mib" ]; then
    problem "$((have_kib / 1024)) MiB of memory available, $need_mib MiB needed" "end other programs, or use a larger machine"
  fi
}

preflight_disk() { # folder, MiB
  local have_kib
  have_kib=$(df -Pk "$1" | awk 'NR==2{print $4}')
  if [ "$((have_kib / 1024))" -lt "$2" ]; then
    problem "$((have_kib / 1024)) MiB free below $1, $2 MiB needed" "df -h $1   (and free some space)"
  fi
}

preflight_shm() {
  if [ ! -d /dev/shm ] || [ ! -w /dev/shm ]; then
    problem "/dev/shm is missing or not writable" "sudo mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
  fi
}

preflight_tmp() {
  local dir=${TMPDIR:-/tmp} file
  if ! file=$(mktemp "$dir/stardust-exec.XXXXXX" 2>/dev/null); then
    problem "the temp folder $dir is not writable" "export TMPDIR=/a/folder/you/may/write"
    return
  fi
  printf '#!/bin/sh\nexit 0\n' >"$file"
  chmod 700 "$file"
  "$file" 2>/dev/null || problem "the temp folder $dir is mounted noexec: native libraries cannot be loaded from it" \
    "export TMPDIR=\$HOME/.cache && mkdir -p \$TMPDIR   (or: sudo mount -o remount,exec $dir)"
  rm -f "$file"
}

# Prints the Debian packages that are needed for a purpose and not there yet.
missing_packages() { # purpose
  local wanted=()
  command -v javac >/dev/null || wanted+=(openjdk-17-jdk-headless)
  command -v mvn >/dev/null || wanted+=(maven)
  command -v gcc >/dev/null || wanted+=(gcc)
  [ -e /usr/include/linux/kvm.h ] && [ -e /usr/include/stdio.h ] || wanted+=(libc6-dev linux-libc-dev)
  command -v ld >/dev/null || wanted+=(binutils)
  command -v setsid >/dev/null || wanted+=(util-linux)
  case "$1" in
    node | demo | test | soak | bench)
      # For images and kernels; mmdebstrap of who is not root makes namespaces by uidmap.
      command -v mmdebstrap >/dev/null || wanted+=(mmdebstrap)
      command -v mkfs.ext4 >/dev/null || [ -x /usr/sbin/mkfs.ext4 ] || wanted+=(e2fsprogs)
      command -v busybox >/dev/null || wanted+=(busybox-static)
      command -v depmod >/dev/null || [ -x /usr/sbin/depmod ] || [ -x /sbin/depmod ] || wanted+=(kmod)
      command -v tar >/dev/null || wanted+=(tar)
      if [ "$(id -u)" -ne 0 ]; then
        command -v fakeroot >/dev/null || wanted+=(fakeroot)
        command -v newuidmap >/dev/null || wanted+=(uidmap)
      fi
      ;;
  esac
  case "$1" in
    node | demo | test | bench)
      # For Linux VMs where KVM cannot run them.
      command -v qemu-system-x86_64 >/dev/null || wanted+=(qemu-system-x86)
      command -v setpriv >/dev/null || wanted+=(util-linux)
      ;;
  esac
  case "$1" in
    demo)
      # For the bridge of its Linux VMs.
      command -v ip >/dev/null || [ -x /usr/sbin/ip ] || wanted+=(iproute2)
      command -v unshare >/dev/null || wanted+=(util-linux)
      ;;
  esac
  case "$1" in
    soak | bench | test)
      command -v ip >/dev/null || [ -x /usr/sbin/ip ] || wanted+=(iproute2)
      command -v nft >/dev/null || [ -x /usr/sbin/nft ] || wanted+=(nftables)
      command -v dnsmasq >/dev/null || [ -x /usr/sbin/dnsmasq ] || wanted+=(dnsmasq-base)
      command -v passt >/dev/null || wanted+=(passt)
      command -v sysctl >/dev/null || [ -x /usr/sbin/sysctl ] || wanted+=(procps)
      ;;
  esac
  case "$1" in
    test)
      command -v xorriso >/dev/null || wanted+=(xorriso)
      [ -e /usr/lib/ISOLINUX/isolinux.bin ] || wanted+=(isolinux)
      [ -e /usr/lib/syslinux/modules/bios/ldlinux.c32 ] || wanted+=(syslinux-common)
      command -v grub-mkrescue >/dev/null || wanted+=(grub-common)
      [ -d /usr/lib/grub/i386-pc ] || wanted+=(grub-pc-bin)
      command -v mformat >/dev/null || wanted+=(mtools)
      command -v nbdcopy >/dev/null || wanted+=(libnbd-bin)
      ;;
  esac
  case "$1" in
    bench | test)
      command -v qemu-img >/dev/null || wanted+=(qemu-utils)
      ;;
  esac
  case "$1" in
    bench)
      command -v fio >/dev/null || wanted+=(fio)
      command -v iperf3 >/dev/null || wanted+=(iperf3)
      command -v borg >/dev/null || wanted+=(borgbackup)
      command -v restic >/dev/null || wanted+=(restic)
      command -v casync >/dev/null || wanted+=(casync)
      command -v mksquashfs >/dev/null || wanted+=(squashfs-tools)
      command -v zstd >/dev/null || wanted+=(zstd)
      ;;
  esac
  case "$1" in
    bench | test)
      # For the lab machine and its guests; its kernel comes unpacked, not installed.
      [ -e /usr/share/seabios/bios-256k.bin ] || wanted+=(seabios)
      ;;
  esac
  [ "${#wanted[@]}" -eq 0 ] || printf '%s\n' "${wanted[@]}" | sort -u
}

preflight_tools() { # purpose
  local packages
  packages=$(missing_packages "$1" | tr '\n' ' ')
  packages=${packages% }
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    problem "programs are missing and this is no Debian: $packages" "install the like-named packages of your distribution"
  elif [ "$(id -u)" -ne 0 ]; then
    problem "Debian packages are missing: $packages" "sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
  else
    echo "stardust: installing $packages" >&2
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } \
      >/tmp/stardust-apt.$$.log 2>&1 || {
      tail -5 /tmp/stardust-apt.$$.log >&2
      problem "apt-get could not install $packages" "see /tmp/stardust-apt.$$.log"
    }
    [ -n "$preflight_failed" ] || rm -f /tmp/stardust-apt.$$.log
  fi
  # A node does without them what it can, and says what it lacks when it is asked for it.
  [ -z "$preflight_failed" ] || [ "$1" = node ] || exit "$EXIT_REFUSED"
}

# A node is started wherever it may be of use.
preflight_node() {
  preflight_kvm node
  preflight_tools node
}

preflight() { # purpose
  preflight_machine "$1"
  if [ "$(id -u)" -eq 0 ] && [ -n "$preflight_failed" ]; then
    preflight_mend "$1"
  fi
  [ -z "$preflight_failed" ] || exit "$EXIT_REFUSED"
  preflight_tools "$1"
}

preflight_machine() { # purpose
  preflight_kvm "$1"
  preflight_memory
  preflight_disk "$root" "${STARDUST_NEED_DISK_MIB:-5000}"
  preflight_shm
  preflight_tmp
}

# Root mends what can be mended by a command, then looks again once.
preflight_mend() { # purpose
  echo "stardust: running as root, trying to mend it" >&2
  if [ ! -d /dev/shm ]; then mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm || true; fi
  preflight_failed=
  preflight_machine "$1"
}

load_kvm() {
  [ -e "${STARDUST_KVM_DEVICE:-/dev/kvm}" ] || modprobe kvm_amd 2>/dev/null || modprobe kvm_intel 2>/dev/null || true
}
