# shellcheck shell=bash
# Completion of wg for bash: subcommands, interfaces, fields, words of `set' and peers' keys.

_wg_interfaces() {
	wg show interfaces 2>/dev/null
}

_wg_peers() {
	[[ $EUID -eq 0 ]] && wg show "$1" peers 2>/dev/null
}

# The words of `wg set' that may follow what is there.
_wg_set_words() {
	local i has_peer=''
	local -A given=()
	for ((i = 3; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		peer) has_peer=yes given=() ;;
		listen-port | fwmark | private-key | remove | preshared-key | endpoint | \
			persistent-keepalive | allowed-ips) given[${COMP_WORDS[i]}]=yes ;;
		esac
	done
	local words=(listen-port fwmark private-key)
	[[ $has_peer ]] && words=(remove preshared-key endpoint persistent-keepalive allowed-ips)
	for i in "${words[@]}" peer; do
		[[ ${given[$i]:-} ]] || printf '%s\n' "$i"
	done
}

_wg_set() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	private-key | preshared-key) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
	peer) mapfile -t COMPREPLY < <(compgen -W "$(_wg_peers "${COMP_WORDS[2]}")" -- "$1") ;;
	persistent-keepalive | fwmark) mapfile -t COMPREPLY < <(compgen -W 'off' -- "$1") ;;
	listen-port | endpoint | allowed-ips) ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_wg_set_words)" -- "$1") ;;
	esac
}

_wg() {
	local current=${COMP_WORDS[COMP_CWORD]}
	local commands='show showconf set setconf addconf syncconf log genkey genpsk pubkey allowedips help version'
	local fields='public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips
		latest-handshakes transfer persistent-keepalive dump json --watch'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
		return
	fi
	case ${COMP_WORDS[1]}:$COMP_CWORD in
	show:2) mapfile -t COMPREPLY < <(compgen -W "all interfaces json --watch $(_wg_interfaces)" -- "$current") ;;
	show:3) [[ ${COMP_WORDS[2]} == interfaces ]] || mapfile -t COMPREPLY < <(compgen -W "$fields" -- "$current") ;;
	showconf:2 | set:2 | setconf:2 | addconf:2 | syncconf:2)
		mapfile -t COMPREPLY < <(compgen -W "$(_wg_interfaces)" -- "$current")
		;;
	setconf:3 | addconf:3 | syncconf:3)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	set:*) _wg_set "$current" ;;
	log:2) mapfile -t COMPREPLY < <(compgen -W "all --json $(_wg_interfaces)" -- "$current") ;;
	log:*) mapfile -t COMPREPLY < <(compgen -W "--json $(_wg_peers "${COMP_WORDS[2]}")" -- "$current") ;;
	esac
}

complete -F _wg wg
