# shellcheck shell=bash
# Completion of wg-quick for bash: verbs, configurations that can come up, interfaces that are up.

# Configurations in /etc/wireguard, by the names of their interfaces.
_wg_quick_configs() {
	local file
	for file in /etc/wireguard/*.conf; do
		[[ -e $file ]] && file=${file##*/} && printf '%s\n' "${file%.conf}"
	done
}

# Names of the first list that are not in the second.
_wg_quick_without() {
	comm -23 <(printf '%s\n' "$1" | sort -u) <(printf '%s\n' "$2" | sort -u)
}

_wg_quick() {
	local current=${COMP_WORDS[COMP_CWORD]} up='' names=''

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'up down save strip reload plan check help' -- "$current")
		return
	fi
	((COMP_CWORD == 2)) || [[ ${COMP_WORDS[1]}:$COMP_CWORD == check:3 ]] || return
	up=$(wg show interfaces 2>/dev/null | tr ' ' '\n')
	case ${COMP_WORDS[1]} in
	up) names=$(_wg_quick_without "$(_wg_quick_configs)" "$up") ;;
	down | save | reload) names=$up ;;
	strip | plan | check) names=$(_wg_quick_configs) ;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current"; compgen -f -X '!*.conf' -- "$current")
}

complete -o filenames -F _wg_quick wg-quick
