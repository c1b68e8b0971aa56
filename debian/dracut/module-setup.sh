#!/bin/bash
# An initramfs has no Python: install kmod's tools before other modules install the links in their place.

check() {
	[[ -e /sbin/modprobe.kmod ]]
}

depends() {
	return 0
}

install() {
	local path
	inst_multiple kmod
	for path in /sbin/*.kmod /bin/*.kmod; do
		[[ -L $path ]] && ln_r "$(command -v kmod)" "${path%.kmod}"
	done
	return 0
}
