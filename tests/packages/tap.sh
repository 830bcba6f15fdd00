# shellcheck shell=bash
# Cases in TAP for suites in shell. To be sourced, with $said set to a file for what a case says.
# shellcheck disable=SC2034,SC2154
count=0 failed=0

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

# try NAME COMMAND...: what it says is shown when it fails.
try() {
	local name=$1
	shift
	((++count))
	if "$@" >"$said" 2>&1; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
		tail -n 25 "$said" | sed 's/^/# /'
		return 1
	fi
}

# What everything after it rests upon.
must() {
	try "$@" && return
	echo "1..$count"
	exit 1
}
