# The words before the cursor from the tool's own name on.
function __pymodutils_words
    set -l words (commandline -opc)
    string match -q '*pymodutils' -- $words[1]; and set -e words[1]
    test "$words[1]" = kernel; and set -q words[2]; and set -e words[1]
    printf '%s\n' $words
end

# Whether the words after pymodutils are $argv.
function __pymodutils_is
    set -l words (commandline -opc)
    test "$words[2..$(math (count $argv) + 1)]" = "$argv"
end

# Whether the next word is a command of pymodutils kernel.
function __pymodutils_needs_kernel_command
    set -l words (commandline -opc)
    test (count $words) = 2 -a "$words[2]" = kernel
end

# Lines that would be options, or that have control characters, are no names.
set -g __pymodutils_names '^-|[[:cntrl:]]'

# The module directory that the words ask for: base and release, on two lines.
function __pymodutils_where
    set -l words (__pymodutils_words)
    set -l tool (path basename -- $words[1])
    set -l base $PYMODUTILS_SYSROOT
    set -l release (uname -r)
    for at in (seq 2 (count $words))
        set -l next $words[(math $at + 1)]
        switch $tool,$words[$at]
            case '*,--sysroot' 'modprobe,-d' '*,--dirname' 'depmod,-b' 'modinfo,-b' 'graph,-b' '*,--basedir'
                set base $next
            case '*,--sysroot=*' '*,--dirname=*' '*,--basedir=*'
                set base (string replace -r '^[^=]*=' '' -- $words[$at])
            case 'modprobe,-S' 'modinfo,-k' 'graph,-k' '*,--set-version'
                set release $next
            case '*,--set-version=*'
                set release (string replace -r '^[^=]*=' '' -- $words[$at])
        end
    end
    echo $base
    echo $release
end

# Names of modules.dep; with "-" as in the file's name if the user has typed one.
function __pymodutils_module
    set -l where (__pymodutils_where)
    set -l dep $where[1]/lib/modules/$where[2]/modules.dep
    test -r $dep; or return
    set -l names (string replace -r ':.*' '' <$dep | string replace -r '.*/' '' | string replace -r '\..*' '')
    if string match -q '*-*' -- (commandline -ct)
        printf '%s\n' $names | string match -rv $__pymodutils_names
    else
        string replace -a - _ -- $names | string match -rv $__pymodutils_names
    end
end

function __pymodutils_loaded
    set -l proc $PYMODUTILS_SYSROOT/proc/modules
    test -r $proc; and string replace -r ' .*' '' <$proc | string match -rv $__pymodutils_names
end

# Modules of the default emulated kernel.
function __pymodutils_emulated
    pymodutils kernel cat /proc/modules 2>/dev/null | string replace -r ' .*' '' | string match -rv $__pymodutils_names
end

function __pymodutils_shell
    printf '%s\n' bash fish zsh
end

function __pymodutils_nothing
end

function __pymodutils_file
    __fish_complete_path (commandline -ct)
end

function __pymodutils_directory
    __fish_complete_directories (commandline -ct)
end

function __pymodutils_version
    set -l where (__pymodutils_where)
    for folder in $where[1]/lib/modules/*/
        path basename -- $folder | string match -rv $__pymodutils_names
    end
end

# Directories and module files.
function __pymodutils_modulefile
    set -l typed (string unescape -- (commandline -ct))
    for found in $typed*
        if test -d $found
            echo $found/
        else if string match -rq '\.ko(\.gz|\.xz|\.zst)?$' -- $found
            echo $found
        end
    end
end

function __pymodutils_moduleorfile
    string match -q '*/*' -- (commandline -ct); or __pymodutils_module
    __pymodutils_modulefile
end

# Parameters of the module or file $argv[1], from modinfo.
function __pymodutils_parameter
    set -l words (__pymodutils_words)
    set -l options
    if test (path basename -- $words[1]) = modprobe
        set -l where (__pymodutils_where)
        set options -k $where[2]
        test -n "$where[1]"; and set -a options -b $where[1]
    end
    modinfo -F parm $options -- $argv[1] 2>/dev/null | string match -rv $__pymodutils_names | string replace -r '^([^:]*):(.*)' '$1=\t$2'
end

# The operand under the cursor: FIRST REST, kinds, and then the options that take a value.
function __pymodutils_operand
    set -l first $argv[1]
    set -l rest $argv[2]
    set -l valued $argv[3..]
    set -l words (__pymodutils_words)
    set -l operand
    set -l skip no
    for word in $words[2..]
        if test $skip = yes
            set skip no
        else if contains -- $word $valued
            set skip yes
        else if string match -qr '^-[^-].' -- $word; and contains -- -(string sub -s -1 -- $word) $valued
            set skip yes
        else if contains -- $word -r --remove --remove-holders --remove-dependencies
            set first loaded
            set rest loaded
        else if contains -- $word -a --all
            set rest $first
        else if not string match -q -- '-*' $word; and not set -q operand[1]
            set operand $word
        end
    end
    if set -q operand[1]
        __pymodutils_$rest $operand
    else
        __pymodutils_$first
    end
end
