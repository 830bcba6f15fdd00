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
	mkdir -p "$root.part/dev/net"
	[[ -e $root.part/dev/net/tun ]] || mknod "$root.part/dev/net/tun" c 10 200
	printf '#!/bin/sh\nexit 101\n' >"$root.part/usr/sbin/policy-rc.d"
	chmod +x "$root.part/usr/sbin/policy-rc.d"
	roots_run "$root.part" 'apt-get -q update' >>"$root.log" 2>&1 || return 1
	mv "$root.part" "$root"
}

# roots_run ROOT SCRIPT [unshare option ...]: a script of sh as root in it, with a /proc of its own.
roots_run() {
	local root=$1 script=$2
	shift 2
	# Expanded by the inner shell.
	# shellcheck disable=SC2016
	timeout --kill-after=10 900 unshare --mount --pid --fork --kill-child "$@" -- \
		sh -c 'mount -t proc proc "$1/proc" && exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -c "$2"' \
		sh "$root" "$script" </dev/null
}

# The same without a network.
roots_run_alone() {
	roots_run "$@" --net
}
