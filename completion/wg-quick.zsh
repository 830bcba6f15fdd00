#compdef wg-quick
# Completion of wg-quick for zsh: verbs, configurations that can come up, interfaces that are up.

_wg_quick_up() {
	print -l ${=$(wg show interfaces 2>/dev/null)}
}

_wg_quick_configs() {
	local -a files
	files=(/etc/wireguard/*.conf(N:t:r))
	print -l $files
}

_wg_quick() {
	local -a verbs names up
	verbs=('up:make the interface and all that its file asks for' 'down:take it all back'
		'save:write the running state into the file' "strip:print the file without wg-quick's own lines"
		'reload:bring a running interface to its file' 'plan:print what up or reload would do'
		'check:tell what is wrong in a file, or between two ends')
	if ((CURRENT == 2)); then
		_describe -t verbs 'verb' verbs
		return
	fi
	((CURRENT == 3)) || [[ $words[2]:$CURRENT == check:4 ]] || return
	up=(${(f)"$(_wg_quick_up)"})
	names=(${(f)"$(_wg_quick_configs)"})
	case $words[2] in
	up) names=(${names:|up}) ;;
	down|save|reload) names=($up) ;;
	strip|plan|check) ;;
	*) return ;;
	esac
	_alternative "interfaces:interface:($names)" 'files:configuration file:_files -g "*.conf"'
}

_wg_quick "$@"
