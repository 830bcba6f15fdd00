#!/bin/sh
# check_exports.sh SHARED STATIC: both libraries define culvert_* for others and nothing else, and
# both the same.
set -eu
shared=$(nm -D --defined-only --format=posix "$1" | cut -d' ' -f1 | sort)
static=$(nm -g --defined-only --format=posix "$2" | grep -v ':$' | cut -d' ' -f1 | sort)
if [ -z "$shared" ] || [ "$shared" != "$static" ]; then
	printf 'shared:\n%s\nstatic:\n%s\n' "$shared" "$static"
	exit 1
fi
if echo "$shared" | grep -v '^culvert_'; then
	echo "these are no names of ours"
	exit 1
fi
