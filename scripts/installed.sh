# shellcheck shell=bash
# What ./install notes down and ./uninstall goes by. To be sourced by both.
#
# The list, PREFIX/lib/culvert/installed below the destination, has a line for each thing that was
# installed, in the order of making:
#	directory PATH
#	file SHA256 PATH
#	link TARGET PATH
# PATH is as the running system will see it. A directory is listed when ./install has made it.

installed_list() {
	echo "$destdir$prefix/lib/culvert/installed"
}

# kind-and-content of what lies at a path, as a line of the list begins: "file SHA256", "link TARGET".
installed_content() {
	if [[ -L $1 ]]; then
		echo "link $(readlink "$1")"
	elif [[ -f $1 ]]; then
		echo "file $(sha256sum <"$1" | cut -d ' ' -f 1)"
	elif [[ -d $1 ]]; then
		echo directory
	else
		echo nothing
	fi
}

# The listed things, last made first: lines "CONTENT<TAB>PATH".
installed_read() {
	local list
	list=$(installed_list)
	[[ -f $list ]] || return 0
	sed -n 's/^directory \(.*\)$/directory\t\1/p; s/^\(\(file\|link\) [^ ]*\) \(.*\)$/\1\t\3/p' "$list" | tac
}

# Remove the listed things that are as they were installed, but those whose paths are lines of the
# file $1; a line for each that stays and should not.
installed_remove() {
	local but=$1 content path
	while IFS=$'\t' read -r content path; do
		! grep -qxF -- "$path" "$but" || continue
		case $(installed_content "$destdir$path") in
		nothing) ;;
		directory) rmdir -- "$destdir$path" 2>/dev/null || echo "    $destdir$path stays: it is not empty" ;;
		"$content") rm -f -- "$destdir$path" ;;
		*) echo "    $destdir$path stays: it was changed after it was installed" ;;
		esac
	done < <(installed_read)
}

# Systemd and the loader look again, in the running system only.
installed_tell_system() {
	[[ -z $destdir ]] || return 0
	! command -v ldconfig >/dev/null || ldconfig
	[[ ! -d /run/systemd/system ]] || systemctl daemon-reload
}
