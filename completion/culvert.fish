# Completion of culvert for fish: it asks the program for its commands, their options, and peers.

function __culvert_words
    count (commandline -opc)
end

function __culvert_command
    set -l words (commandline -opc)
    echo $words[2]
end

function __culvert_commands
    culvert help 2>/dev/null | string replace -rf '^  ([a-z]+) +(.*)' '$1\t$2'
end

function __culvert_forms
    set -l command (__culvert_command)
    culvert help $command 2>/dev/null | string replace -rf "^[Usage: ]*culvert $command ([a-z]+).*" '$1' | sort -u
end

function __culvert_options
    culvert help (__culvert_command) 2>/dev/null | string match -ra -- '--[a-z][a-z-]*' | sort -u
end

function __culvert_things
    string split ' ' (wg show interfaces 2>/dev/null)
    culvert peer names 2>/dev/null
end

complete -c culvert -f
complete -c culvert -n 'test (__culvert_words) -eq 1' -a '(__culvert_commands)'
complete -c culvert -n 'test (__culvert_words) -eq 1' -a '--help --version'
complete -c culvert -n 'test (__culvert_words) -eq 2; and test (__culvert_command) = help' -a '(__culvert_commands)'
complete -c culvert -n 'test (__culvert_words) -eq 2' -a '(__culvert_forms)'
complete -c culvert -n 'test (__culvert_words) -ge 2' -a '(__culvert_things)'
complete -c culvert -n 'test (__culvert_words) -ge 2; and string match -q -- "-*" (commandline -ct)' -a '(__culvert_options)'
