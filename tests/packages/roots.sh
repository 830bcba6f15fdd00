# shellcheck shell=bash
# Debian systems in folders: making one, running a command in one. To be sourced by tests/packages/run
# and tests/packages/boot. What a command mounts is gone when it ends, however it ends.

# The archive that this machine's apt fetches from.
roots_mirror() {
	apt-cache policy base-files | awk '$2 ~ /^http/ { print $2; found = 1; exit }
		END { if (!found) print "http://deb.debian.org/debian" }'
}

# roots_make FOLDER SUITE [package,...]: a minimal system with apt's settings of this machine.
roots_make() {
	local root=$1 suite=$2 more=${3-} file
	rm -rf "$root.part"
	debootstrap --variant=minbase ${more:+--include="$more"} "$suite" "$root.part" "$(roots_mirror)" >"$root.log" 2>&1 ||
		return 1
	for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
		! grep -qs '^ *Acquire' "$file" || cp "$file" "$root.part${file}"
	done
	if [[ -e /etc/apt/sources.list.d/debian.sources ]]; then
		: >"$root.part/etc/apt/sources.list"
		cp /etc/apt/sources.list.d/debian.sources "$root.part/etc/apt/sources.list.d/"
	fi
	cp -L /etc/resolv.conf "$root.part/etc/resolv.conf"
	# A recommended kernel is not what is tried here.
	echo 'APT::Install-Recommends "false";' >"$root.part/etc/apt/apt.conf.d/90no-recommends"
	mkdir -p "$root.part/dev/net"
	[[ -e $root.part/dev/net/tun ]] || mknod "$root.part/dev/net/tun" c 10 200
	printf '#!/bin/sh\nexit 101\n' >"$root.part/usr/sbin/policy-rc.d"
	chmod +x "$root.part/usr/sbin/policy-rc.d"
	roots_run "$root.part" 'apt-get -q update' >>"$root.log" 2>&1 || return 1
	mv "$root.part" "$root"
}

# What a script that checks something begins with. A command behind ! does not end it, one behind not does.
# shellcheck disable=SC2034
roots_strict='set -e; not() { ! "$@"; }; '

# roots_run ROOT SCRIPT [unshare option ...]: a script of sh as root in it, with a /proc of its own. The root is a
# mount, so that the script can make namespaces of mounts.
roots_run() {
	local root=$1 script=$2
	shift 2
	# Expanded by the inner shell.
	# shellcheck disable=SC2016
	timeout --kill-after=10 3600 unshare --mount --pid --fork --kill-child "$@" -- \
		sh -c 'mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && exec chroot "$1" /usr/bin/env -i \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -c "$2"' \
		sh "$root" "$script" </dev/null
}

# The same without a network.
roots_run_alone() {
	roots_run "$@" --net
}

# roots_list ROOT FOLDER: the files in it, what is in those of /etc too; without FOLDER, which is ours, and what
# apt, dpkg and the like note down about their work.
roots_list() (
	cd "$1" || exit 1
	find . -mindepth 1 \( -path "./$2" -o -path ./run -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
		-o -path ./var/cache -o -path ./var/log -o -path ./var/lib/systemd \) -prune -o \
		-printf '%P %M %u %l\n' | grep -v '^etc/ld.so.cache ' | sort
	find etc -type f ! -name ld.so.cache -exec sha256sum {} + | sort -k 2
)

# roots_boot ROOT NAME: start the systemd in it as process 1 of namespaces of its own, with a network of
# its own, no right over the machine's modules and clock, and settings of the kernel to read only but for
# those of that network. Sets booted_parent; roots_booted runs commands in it, roots_halt ends it.
roots_boot() {
	local root=$1 name=$2
	booted_name=$name
	# Not with the caller's hierarchy, whatever that is: with the unified one.
	# shellcheck disable=SC2016
	setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog -- \
		unshare --mount --fork --kill-child -- sh -c '
		set -e
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir "/sys/fs/cgroup/$2"
		echo $$ >"/sys/fs/cgroup/$2/cgroup.procs"
		exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child -- sh -c "$3" sh "$1"
	' sh "$root" "$name" '
		set -e
		# A root that is a mount: systemd moves roots about for units that see less of the system.
		mount --bind "$1" "$1"
		cd "$1"
		mount -t proc proc proc
		mount --bind proc/sys proc/sys
		mount --bind proc/sys/net proc/sys/net
		mount -o remount,bind,ro proc/sys
		[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
		mount -t sysfs -o ro sysfs sys
		mount -t cgroup2 cgroup2 sys/fs/cgroup
		mount -t tmpfs -o mode=1777 tmpfs tmp
		for folder in run dev; do mount -t tmpfs -o mode=755 tmpfs $folder; done
		mkdir dev/net dev/pts dev/shm
		for node in null zero full random urandom tty net/tun; do cp -a /dev/$node dev/$node; done
		chmod 666 dev/net/tun
		mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
		ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd
		hostname culvert
		pivot_root . mnt
		umount -l mnt
		exec chroot . env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
	' </dev/null &
	booted_parent=$!
}

# Process 1 of what was booted: the last of a line of only children.
roots_booted_pid() {
	local pid=$booted_parent child
	while child=$(pgrep -P "$pid"); do
		pid=$child
		[[ $(</proc/"$pid"/comm) != systemd ]] || break
	done 2>/dev/null
	echo "$pid"
}

roots_booted() {
	timeout --kill-after=10 120 nsenter -t "$(roots_booted_pid)" --mount --pid --net --uts --ipc --cgroup --root --wd -- \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		bash -c "$1" </dev/null
}

roots_halt() {
	[[ -n ${booted_parent-} ]] || return 0
	# unshare does not mind SIGTERM; with it all of its namespaces end.
	kill -KILL "$booted_parent" 2>/dev/null
	wait "$booted_parent" 2>/dev/null
	booted_parent=''
	# In a namespace again, for the hierarchy may not be mounted outside.
	# shellcheck disable=SC2016
	unshare --mount -- sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && cd /sys/fs/cgroup && [ -d "$1" ] || exit 0
		echo 1 >"$1/cgroup.kill"
		for try in $(seq 50); do
			find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
			[ -d "$1" ] || exit 0
			sleep 0.1
		done' sh "$booted_name"
}
