# shellcheck shell=bash
# Completion of culvert for bash: it asks the program for its commands, their options, and peers.

_culvert_commands() {
	culvert help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

# The forms of a command: what its usage has between "culvert NAME" and the first argument.
_culvert_forms() {
	culvert help "$1" 2>/dev/null | sed -n "s/^[Usage: ]*culvert $1 \\([a-z]\\{1,\\}\\).*/\\1/p" | sort -u
}

_culvert_options() {
	culvert help "$1" 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u
}

_culvert_things() {
	wg show interfaces 2>/dev/null
	[[ $EUID -ne 0 ]] || culvert peer names 2>/dev/null
}

_culvert() {
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
	local words

	if ((COMP_CWORD == 1)); then
		words="$(_culvert_commands) --help --version"
	elif [[ $command == help ]]; then
		words=$(_culvert_commands)
	elif [[ $current == -* ]]; then
		words="$(_culvert_options "$command") --help"
	elif ((COMP_CWORD == 2)) && words=$(_culvert_forms "$command") && [[ $words ]]; then
		:
	else
		words=$(_culvert_things)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _culvert culvert
