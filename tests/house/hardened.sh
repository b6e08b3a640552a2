#!/bin/sh
# hardened.sh PROGRAM: the program is built as Debian builds its own servers, and a little further. Each line is a claim about
# what the linker left in it.
set -u
program=$1
failed=0
headers=$(readelf -W --file-header --program-headers --dynamic --notes "$program")
symbols=$(readelf -W --dyn-syms "$program")
holds() { printf '%s\n' "$2" | grep -qE "$3" || { echo "$program: $1" >&2; failed=1; }; }

holds "its address is fixed: no PIE" "$headers" 'Flags: .*PIE'
holds "its tables are written to: no relro" "$headers" 'GNU_RELRO'
holds "its symbols are bound late: no -z now" "$headers" 'BIND_NOW|Flags: NOW'
holds "its stack may be run" "$headers" 'GNU_STACK .* RW +0x'
holds "its frames have no guard" "$symbols" '__stack_chk_fail'
holds "its buffers are not checked: no _FORTIFY_SOURCE" "$symbols" '__(mem|str|sn?printf|vsn?printf|read|recv|fread)[a-z]*_chk'
holds "its containers are not checked: no _GLIBCXX_ASSERTIONS" "$symbols" '__glibcxx_assert_fail'
exit $failed
