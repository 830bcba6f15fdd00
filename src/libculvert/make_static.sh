#!/bin/sh
# make_static.sh OUTPUT ARCHIVE...: one archive of one object that shows culvert_* and nothing else,
# so that a program's own names never meet ours.
set -eu
output=$1
shift
object=$output.o
${LD:-ld} -r -o "$object" --whole-archive "$@"
${OBJCOPY:-objcopy} --wildcard --keep-global-symbol='culvert_*' "$object"
rm -f "$output"
${AR:-ar} rcs "$output" "$object"
rm -f "$object"
