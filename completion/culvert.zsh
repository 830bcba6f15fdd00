#compdef culvert
# Completion of culvert for zsh: it asks the program for its commands, their options, and peers.

_culvert_commands() {
	local -a commands
	commands=(${(f)"$(culvert help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  *\(.*\)/\1:\2/p')"})
	_describe -t commands 'command' commands
}

_culvert_forms() {
	local -a forms
	forms=(${(f)"$(culvert help $1 2>/dev/null | sed -n "s/^[Usage: ]*culvert $1 \\([a-z]\\{1,\\}\\).*/\\1/p" | sort -u)"})
	(( $#forms )) && _describe -t forms 'form' forms
}

_culvert_options() {
	local -a options
	options=(${(f)"$(culvert help $1 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)"} --help)
	compadd -a options
}

_culvert_things() {
	local -a things
	things=(${=$(wg show interfaces 2>/dev/null)} ${(f)"$(culvert peer names 2>/dev/null)"})
	compadd -a things
}

_culvert() {
	if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then
		_culvert_commands
	elif [[ $words[CURRENT] == -* ]]; then
		_culvert_options $words[2]
	elif (( CURRENT == 3 )) && _culvert_forms $words[2]; then
		:
	else
		_culvert_things
	fi
}

_culvert "$@"
