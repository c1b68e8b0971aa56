# Offer the name $1, quoted as the shell needs it; bash itself quotes the names of files.
_pymodutils_offer() {
    local quoted=$1
    [[ $1 == -* || $1 == *[[:cntrl:]]* ]] && return
    [[ $files ]] || printf -v quoted %q "$1"
    [[ $1 == "$cur"* || $quoted == "$cur"* ]] && COMPREPLY+=("$quoted${2-}")
}

# The words up to the cursor; bash tears them apart at "=".
_pymodutils_words() {
    local at word
    words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if ((at > 1)) && [[ $word == "=" || ${COMP_WORDS[at - 1]} == "=" ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
}

# The module directory that the words ask for.
_pymodutils_directory() {
    local at base=${PYMODUTILS_SYSROOT-} release=
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        case $tool,${words[at]} in
            *,--sysroot | modprobe,-d | *,--dirname | depmod,-b | modinfo,-b | graph,-b | *,--basedir) base=${words[at + 1]} ;;
            *,--sysroot=* | *,--dirname=* | *,--basedir=*) base=${words[at]#*=} ;;
            modprobe,-S | modinfo,-k | graph,-k | *,--set-version) release=${words[at + 1]} ;;
            *,--set-version=*) release=${words[at]#*=} ;;
        esac
    done
    directory=${base%/}/lib/modules/${release:-$(uname -r)}
}

# Names of modules.dep; with "-" as in the file's name if the user has typed one.
_pymodutils_modules() {
    local path name
    _pymodutils_directory
    [[ -r $directory/modules.dep ]] || return
    while IFS=: read -r path _; do
        name=${path##*/}
        name=${name%%.*}
        [[ $cur == *-* ]] || name=${name//-/_}
        _pymodutils_offer "$name"
    done <"$directory/modules.dep"
}

_pymodutils_loaded() {
    local name proc=${PYMODUTILS_SYSROOT-}/proc/modules cur=${cur//-/_}
    [[ -r $proc ]] || return
    while read -r name _; do
        _pymodutils_offer "$name"
    done <"$proc"
}

# Modules of the default emulated kernel.
_pymodutils_emulated() {
    local name cur=${cur//-/_}
    while read -r name _; do
        _pymodutils_offer "$name"
    done < <(pymodutils kernel cat /proc/modules 2>/dev/null)
}

_pymodutils_versions() {
    local path
    _pymodutils_directory
    for path in "${directory%/*}"/*/; do
        path=${path%/}
        [[ -d $path ]] && _pymodutils_offer "${path##*/}"
    done
}

# Directories, and the files that match $1.
_pymodutils_files() {
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        [[ -d $path || $path =~ $1 ]] && COMPREPLY+=("$path")
    done < <(compgen -f -- "$cur")
}

# Parameters of the module $1, from modinfo.
_pymodutils_parameters() {
    local line name where=()
    [[ $cur == *=* ]] && return
    _pymodutils_directory
    if [[ $tool == modprobe ]]; then
        where=(-k "${directory##*/}" -b "${directory%/lib/modules/*}")
        [[ ${where[3]} ]] || unset 'where[2]' 'where[3]'
    fi
    while IFS= read -r line; do
        name=${line%%:*}
        [[ $name ]] && _pymodutils_offer "$name" =
    done < <(modinfo -F parm "${where[@]}" -- "$1" 2>/dev/null)
    compopt -o nospace 2>/dev/null
}

_pymodutils_complete() { # KIND
    case $1 in
        choice) mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur") ;;
        directory) _pymodutils_files '^$' ;;
        file) _pymodutils_files . ;;
        modulefile) _pymodutils_files '\.ko(\.gz|\.xz|\.zst)?$' ;;
        loaded) _pymodutils_loaded ;;
        emulated) _pymodutils_emulated ;;
        module) _pymodutils_modules ;;
        moduleorfile)
            files=1
            [[ $cur == */* ]] || _pymodutils_modules
            _pymodutils_files '\.ko(\.gz|\.xz|\.zst)?$'
            ;;
        parameter) _pymodutils_parameters "$operand" ;;
        version) _pymodutils_versions ;;
        shell) mapfile -t COMPREPLY < <(compgen -W "bash fish zsh" -- "$cur") ;;
    esac
}

# The kind of the operand under the cursor; the first one goes to $operand.
_pymodutils_operand() {
    local at word removing=
    operand=
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        word=${words[at]}
        case $tool,$word in
            modprobe,-r | modprobe,--remove | modprobe,--remove-*) removing=loaded ;;
            modprobe,-a | modprobe,--all) removing=module ;;
        esac
        if [[ $word == --?* && $word != *=* ]]; then
            _pymodutils_option "$tool" "$word"
            [[ $kind ]] && ((at++))
        elif [[ $word == -?* && $word != -- ]]; then
            _pymodutils_option "$tool" "-${word: -1}"
            [[ $kind ]] && ((at++))
        elif [[ ! $operand && $word != -- ]]; then
            operand=$word
        fi
    done
    _pymodutils_tool "$tool"
    kind=$first
    [[ $operand ]] && kind=$rest
    [[ $removing ]] && kind=$removing
}

_pymodutils() {
    local words tool cur prev directory kind choices operand options first rest files=
    COMPREPLY=()
    _pymodutils_words
    tool=${words[0]##*/}
    tool=${tool#pymodutils-}
    cur=${words[-1]}
    if [[ $tool == pymodutils ]]; then
        if ((${#words[@]} == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "$_pymodutils_tools --help --version" -- "$cur")
            return
        fi
        words=("${words[@]:1}")
        tool=${words[0]}
    fi
    if [[ $tool == kernel ]]; then
        if ((${#words[@]} == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "$_pymodutils_kernel --help --version" -- "$cur")
            return
        fi
        words=("${words[@]:1}")
        tool=kernel-${words[0]}
    fi
    prev=${words[-2]}
    _pymodutils_tool "$tool" || return
    if [[ $cur == --*=* ]]; then
        _pymodutils_option "$tool" "${cur%%=*}"
        cur=${cur#*=}
        _pymodutils_complete "$kind"
        return
    fi
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        return
    fi
    kind=
    [[ $prev == --?* ]] && _pymodutils_option "$tool" "$prev"
    [[ $prev == -[^-]* ]] && _pymodutils_option "$tool" "-${prev: -1}"
    [[ $kind ]] || _pymodutils_operand
    _pymodutils_complete "$kind"
}
