# The module directory that the options ask for; $1 is the tool.
_pymodutils_directory() {
  local base=${opt_args[--sysroot]:-${opt_args[-d]:-${opt_args[--dirname]:-${opt_args[--basedir]}}}}
  local release=${opt_args[-S]:-${opt_args[-k]:-${opt_args[--set-version]:-$(uname -r)}}}
  [[ $tool == modprobe ]] || base=${base:-${opt_args[-b]}}
  base=${${base:-$PYMODUTILS_SYSROOT}%/}
  directory=$base/lib/modules/$release
}

# Offer $names, but for those that would be options.
_pymodutils_offer() {
  names=(${names:#-*})
  names=(${names:#*[[:cntrl:]]*})
  compadd -M 'm:{-_}={_-}' -a -- names
}

# Names of modules.dep; "-" and "_" are the same.
_pymodutils_module() {
  local directory
  local -a names
  if (( ${+opt_args[-r]} + ${+opt_args[--remove]} + ${+opt_args[--remove-holders]} )); then
    _pymodutils_loaded
    return
  fi
  _pymodutils_directory
  [[ -r $directory/modules.dep ]] || return 1
  names=(${${(f)"$(<$directory/modules.dep)"}%%:*})
  names=(${${names:t}%%.*})
  _pymodutils_offer
}

_pymodutils_loaded() {
  local proc=$PYMODUTILS_SYSROOT/proc/modules
  local -a names
  [[ -r $proc ]] || return 1
  names=(${${(f)"$(<$proc)"}%% *})
  _pymodutils_offer
}

# Modules of the default emulated kernel.
_pymodutils_emulated() {
  local -a names=(${${(f)"$(pymodutils kernel cat /proc/modules 2>/dev/null)"}%% *})
  _pymodutils_offer
}

_pymodutils_shell() {
  compadd bash fish zsh
}

_pymodutils_nothing() {
  return 1
}

_pymodutils_file() {
  _files
}

_pymodutils_directory_operand() {
  _files -/
}

_pymodutils_version() {
  local directory
  local -a names
  _pymodutils_directory
  names=(${directory:h}/*(/N:t))
  _pymodutils_offer
}

_pymodutils_modulefile() {
  _files -g '*.ko(|.gz|.xz|.zst)(-.)'
}

_pymodutils_moduleorfile() {
  _alternative 'modules:module:_pymodutils_module' 'files:module file:_pymodutils_modulefile'
}

# Parameters of the module named by the first operand, from modinfo; -r and -a make it a module, too.
_pymodutils_parameter() {
  local directory entry
  local -a where found
  if (( ${+opt_args[-r]} + ${+opt_args[--remove]} + ${+opt_args[-a]} + ${+opt_args[--all]} )); then
    _pymodutils_module
    return
  fi
  if [[ $tool == modprobe ]]; then
    _pymodutils_directory
    where=(-k ${directory:t})
    [[ -n ${directory%/lib/modules/*} ]] && where+=(-b ${directory%/lib/modules/*})
  fi
  for entry in ${(f)"$(modinfo -F parm $where -- ${(Q)line[1]} 2>/dev/null)"}; do
    [[ $entry == [-:]* || $entry == *[[:cntrl:]]* ]] && continue
    found+=("${${entry%%:*}//\\/\\\\}:${entry#*:}")
  done
  _describe -t parameters parameter found -S= -q
}

_pymodutils() {
  local context state state_descr line tool=$service ret=1
  typeset -A opt_args
  if [[ $service != pymodutils ]]; then
    _pymodutils_tool_$service
    return
  fi
  _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)'{-V,--version}'[show the version]' \
    '1:command:_pymodutils_commands' '*::argument:->argument' && ret=0
  if [[ $state == argument ]]; then
    tool=$words[1]
    (( $+functions[_pymodutils_tool_$tool] )) && _pymodutils_tool_$tool && ret=0
  fi
  return ret
}

_pymodutils_tool_kernel() {
  local context state state_descr line ret=1
  typeset -A opt_args
  _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)'{-V,--version}'[show the version]' \
    '1:command:_pymodutils_kernel_commands' '*::argument:->argument' && ret=0
  if [[ $state == argument ]]; then
    tool=kernel-$words[1]
    (( $+functions[_pymodutils_tool_$tool] )) && _pymodutils_tool_$tool && ret=0
  fi
  return ret
}
