# Completion of wg for fish: subcommands, interfaces, fields, words of `set' and peers' keys.

function __wg_interfaces
    string split ' ' (wg show interfaces 2>/dev/null)
end

function __wg_words
    count (commandline -opc)
end

function __wg_has
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

function __wg_at
    test (__wg_words) -eq $argv[1]; and __wg_has $argv[2..-1]
end

function __wg_after
    set -l words (commandline -opc)
    test (count $words) -ge 4; and contains -- $words[-1] $argv; and __wg_has set
end

function __wg_peers
    set -l words (commandline -opc)
    wg show $words[3] peers 2>/dev/null
end

# Where a word of `set' may stand: not behind one that waits for its value.
function __wg_set_word
    set -l words (commandline -opc)
    __wg_has set; and test (count $words) -ge 3
    and not contains -- $words[-1] listen-port fwmark private-key peer preshared-key endpoint persistent-keepalive allowed-ips
end

function __wg_set_has_peer
    __wg_set_word; and contains -- peer (commandline -opc)
end

function __wg_set_no_peer
    __wg_set_word; and not contains -- peer (commandline -opc)
end

complete -c wg -f
complete -c wg -n 'test (__wg_words) -eq 1' -a show -d 'Show interfaces and peers'
complete -c wg -n 'test (__wg_words) -eq 1' -a showconf -d 'Show as a configuration file'
complete -c wg -n 'test (__wg_words) -eq 1' -a set -d 'Change'
complete -c wg -n 'test (__wg_words) -eq 1' -a setconf -d 'Replace everything by a file'
complete -c wg -n 'test (__wg_words) -eq 1' -a addconf -d 'Add a file'
complete -c wg -n 'test (__wg_words) -eq 1' -a syncconf -d 'Change to what a file says'
complete -c wg -n 'test (__wg_words) -eq 1' -a log -d 'What happened'
complete -c wg -n 'test (__wg_words) -eq 1' -a genkey -d 'A new private key'
complete -c wg -n 'test (__wg_words) -eq 1' -a genpsk -d 'A new preshared key'
complete -c wg -n 'test (__wg_words) -eq 1' -a pubkey -d 'The public key of a private one'
complete -c wg -n 'test (__wg_words) -eq 1' -a allowedips -d 'Add and subtract ranges'
complete -c wg -n '__wg_at 2 show showconf set setconf addconf syncconf' -a '(__wg_interfaces)'
complete -c wg -n '__wg_at 2 log' -a '(__wg_interfaces) all'
complete -c wg -n '__wg_at 3 log' -a '(__wg_peers)'
complete -c wg -n '__wg_has log' -l json -d 'For programs'
complete -c wg -n '__wg_at 2 show' -a 'all interfaces json --watch'
complete -c wg -n '__wg_at 3 show' -a 'public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump json --watch'
complete -c wg -n '__wg_at 3 setconf addconf syncconf' -F
complete -c wg -n '__wg_set_no_peer' -a 'listen-port fwmark private-key peer'
complete -c wg -n '__wg_set_has_peer' -a 'remove preshared-key endpoint persistent-keepalive allowed-ips peer'
complete -c wg -n '__wg_after private-key preshared-key' -F
complete -c wg -n '__wg_after peer' -a '(__wg_peers)'
complete -c wg -n '__wg_after fwmark persistent-keepalive' -a off
