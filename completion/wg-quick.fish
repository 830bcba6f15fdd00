# Completion of wg-quick for fish: verbs, configurations that can come up, interfaces that are up.

function __wg_quick_up
    string split ' ' (wg show interfaces 2>/dev/null)
end

function __wg_quick_configs
    for file in /etc/wireguard/*.conf
        string replace -r '.*/(.*)\.conf$' '$1' $file
    end
end

function __wg_quick_startable
    set -l up (__wg_quick_up)
    for name in (__wg_quick_configs)
        contains -- $name $up; or echo $name
    end
end

function __wg_quick_verb
    set -l words (commandline -opc)
    test (count $words) -eq 2; and contains -- $words[2] $argv
end

function __wg_quick_second_end
    set -l words (commandline -opc)
    test (count $words) -eq 3; and test $words[2] = check
end

complete -c wg-quick -f
complete -c wg-quick -n __fish_use_subcommand -a up -d 'make the interface and all that its file asks for'
complete -c wg-quick -n __fish_use_subcommand -a down -d 'take it all back'
complete -c wg-quick -n __fish_use_subcommand -a save -d 'write the running state into the file'
complete -c wg-quick -n __fish_use_subcommand -a strip -d "print the file without wg-quick's own lines"
complete -c wg-quick -n __fish_use_subcommand -a reload -d 'bring a running interface to its file'
complete -c wg-quick -n __fish_use_subcommand -a plan -d 'print what up or reload would do'
complete -c wg-quick -n __fish_use_subcommand -a check -d 'tell what is wrong in a file, or between two ends'
complete -c wg-quick -n '__wg_quick_verb up' -a '(__wg_quick_startable)' -F
complete -c wg-quick -n '__wg_quick_verb down save reload' -a '(__wg_quick_up)' -F
complete -c wg-quick -n '__wg_quick_verb strip plan check' -a '(__wg_quick_configs)' -F
complete -c wg-quick -n __wg_quick_second_end -a '(__wg_quick_configs)' -F
