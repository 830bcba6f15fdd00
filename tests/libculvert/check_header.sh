#!/bin/sh
# check_header.sh HEADER COMPILER...: the header compiles alone, without a warning, as C and C++.
set -eu
header=$1
shift
strict='-Wall -Wextra -Wpedantic -Wconversion -Wundef -Werror'
for standard in c11 c17; do
	# shellcheck disable=SC2086
	"$@" -x c -std=$standard $strict -Wstrict-prototypes -fsyntax-only "$header"
done
if ! echo 'class probe {};' | "$@" -x c++ -fsyntax-only - 2>/dev/null; then
	echo "this compiler has no C++: only C was checked"
	exit 0
fi
for standard in c++11 c++20; do
	# shellcheck disable=SC2086
	"$@" -x c++ -std=$standard $strict -fsyntax-only "$header"
done
