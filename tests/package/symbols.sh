#!/usr/bin/env bash
# symbols.sh LIBRARY: what the shared library shows is declared in a public header, and has the number of its interface in its name.
set -euo pipefail
library=$1
include=$(cd "$(dirname "$0")/../../include" && pwd)
readelf -d "$library" | grep -qF "soname: [libvitals.so.0]" || { echo "its SONAME is not libvitals.so.0" >&2; exit 1; }

# The names without their namespaces and arguments, of functions, classes and variables.
shown=$(nm -DC --defined-only "$library" | cut -d' ' -f3- |
  sed -E 's/^(vtable|typeinfo|typeinfo name|guard variable|TLS [a-z]+ function) for //; s/\[abi:[a-z0-9]+\]//g; s/<.*//; s/\(.*//; s/ const$//')
[ "$(wc -l <<<"$shown")" -gt 300 ] || { echo "it shows next to nothing" >&2; exit 1; }
grep -qx "__cxa_throw" <<<"$shown" || { echo "__cxa_throw is not shown, so no throw would be followed" >&2; exit 1; }
private=$(grep -vE '^__cxa_(throw|init_primary_exception)$' <<<"$shown" | sort -u | while read -r name; do
  last=${name##*::}
  last=${last#\~}
  [ -n "$last" ] || continue
  grep -rqwF -- "$last" "$include" || echo "$name"
done)
[ -z "$private" ] || { echo "these are shown, and are in no public header:" >&2; echo "$private" >&2; exit 1; }
