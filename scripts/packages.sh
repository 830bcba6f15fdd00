# shellcheck shell=bash
# Debian 12 packages of the repository, in one place, and how to install what is missing of them.
# To be sourced. Owned here: the lists. Not here: what each library is for (docs/dependencies.md).
#
#	packages_install build demo

packages_build=(
	gcc libc6-dev meson ninja-build pkg-config
	libsodium-dev libssl-dev libb2-dev libmnl-dev libnftables-dev libjansson-dev
	libqrencode-dev libpng-dev libmicrohttpd-dev libsqlite3-dev libseccomp-dev libcap-ng-dev
)
packages_demo=(iproute2 iputils-ping)
packages_check=(
	libcmocka-dev python3 clang libclang-rt-14-dev clang-format valgrind universal-ctags binutils
	git util-linux procps iproute2 iputils-ping iperf3 nftables ethtool
	wireguard-go wireguard-tools mandoc strace openssl zbar-tools tmux
	iptables curl dnsmasq-base tcpdump passt
)

# ipsec-mb knows x86-64 only.
[[ $(dpkg --print-architecture 2>/dev/null) != amd64 ]] || packages_build+=(libipsec-mb-dev)

# The names of the given sets that are not installed.
packages_missing() {
	local set_name name
	for set_name in "$@"; do
		local -n names=packages_$set_name
		for name in "${names[@]}"; do
			dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null |
				grep -qx installed || echo "$name"
		done
	done | sort -u
}

packages_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 "$@" 2>&1
}

# Install the names, a line for each that is done; the whole output goes to the log.
packages_apt_install() {
	local log=$1
	shift
	packages_apt install --no-install-recommends "$@" | tee -a "$log" | sed -n 's/^Setting up /    /p'
	return "${PIPESTATUS[0]}"
}

# A name that no list of this machine offers: a fresh machine, whose lists were never fetched.
packages_unknown() {
	local name
	for name in "$@"; do
		apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]' || return 0
	done
	return 1
}

# Install what is missing of the sets. Lists are fetched only when they are needed: when a package
# is unknown, or when installing failed because the lists are old.
packages_install() {
	local missing log
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	if ! command -v apt-get >/dev/null; then
		echo "These Debian packages are missing: ${missing[*]}" >&2
		echo "This system has no apt-get: install their like by hand and try again." >&2
		return 1
	fi
	log=$(mktemp)
	echo "==> Installing ${#missing[@]} packages: ${missing[*]}"
	if packages_unknown "${missing[@]}"; then
		echo "    fetching the package lists"
		packages_apt update >>"$log"
	fi
	if ! packages_apt_install "$log" "${missing[@]}"; then
		echo "    trying again with new package lists"
		packages_apt update >>"$log"
		if ! packages_apt_install "$log" "${missing[@]}"; then
			tail -n 15 "$log" >&2
			rm -f "$log"
			echo "apt-get could not install what is needed (above: its last words)." >&2
			echo "Check the network and /etc/apt/sources.list, then run this again." >&2
			return 1
		fi
	fi
	rm -f "$log"
}
