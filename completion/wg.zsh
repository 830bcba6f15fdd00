#compdef wg
# Completion of wg for zsh: subcommands, interfaces, fields, words of `set' and peers' keys.

_wg_interfaces() {
	local -a interfaces
	interfaces=(${=$(wg show interfaces 2>/dev/null)})
	_describe -t interfaces 'interface' interfaces
}

_wg_peers() {
	local -a peers
	# A colon would end the name, and keys have none.
	peers=(${(f)"$(wg show $words[3] peers 2>/dev/null)"})
	_describe -t peers 'public key of a peer' peers
}

_wg_set() {
	local -a device peer
	device=('listen-port:port to receive on' 'fwmark:mark of outgoing packets'
		'private-key:file with the private key' 'peer:what follows is about this peer')
	peer=('remove:remove the peer' 'preshared-key:file with the preshared key'
		'endpoint:host and port' 'persistent-keepalive:seconds, or off'
		'allowed-ips:addresses, separated by commas' 'peer:another peer')
	case $words[CURRENT-1] in
	private-key|preshared-key) _files ;;
	peer) _wg_peers ;;
	listen-port) _message 'port' ;;
	fwmark) _message 'mark, or off' ;;
	endpoint) _message 'host:port' ;;
	persistent-keepalive) _message 'seconds, or off' ;;
	allowed-ips) _message 'address/bits,...' ;;
	*)
		if (( ${words[(I)peer]} )); then
			_describe -t words 'word' peer
		else
			_describe -t words 'word' device
		fi
		;;
	esac
}

_wg_show() {
	local -a fields
	fields=(public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips
		latest-handshakes transfer persistent-keepalive dump json --watch)
	case $CURRENT in
	3)
		_wg_interfaces
		local -a others=('all:every interface' 'interfaces:their names' 'json:all as JSON')
		_describe -t others 'other' others
		;;
	4) _describe -t fields 'field' fields ;;
	esac
}

_wg() {
	local -a commands
	commands=('show:show interfaces and peers' 'showconf:show as a configuration file'
		'set:change' 'setconf:replace everything by a file' 'addconf:add a file'
		'syncconf:change to what a file says' 'log:what happened' 'genkey:a new private key'
		'genpsk:a new preshared key' 'pubkey:the public key of a private one'
		'allowedips:add and subtract ranges of addresses')
	if (( CURRENT == 2 )); then
		_describe -t commands 'command' commands
		return
	fi
	case $words[2] in
	show) _wg_show ;;
	log)
		case $CURRENT in
		3) _wg_interfaces ;;
		*) _wg_peers ;;
		esac
		local -a options=('--json:for programs')
		_describe -t options 'option' options
		;;
	showconf|set|setconf|addconf|syncconf)
		if (( CURRENT == 3 )); then
			_wg_interfaces
		elif [[ $words[2] == set ]]; then
			_wg_set
		elif [[ $words[2] != showconf ]]; then
			_files
		fi
		;;
	esac
}

_wg "$@"
