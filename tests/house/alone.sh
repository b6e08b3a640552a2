#!/bin/sh
# alone.sh PROGRAM LIBRARIES: the program runs, and asks the loader for nothing but what every C++ program has and LIBRARIES (a regular
# expression, which may be empty).
set -u
program=$1
allowed="libstdc[+][+]|libc|libm|libgcc_s|ld-linux.*|libpthread|libasan|libubsan|libtsan${2:+|$2}"
"$program" || { echo "$program does not run" >&2; exit 1; }
needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$needed" ] || { echo "$program needs no library at all?" >&2; exit 1; }
others=$(printf '%s\n' "$needed" | grep -vE "^($allowed)\.so")
[ -z "$others" ] || { echo "$program needs" $others >&2; exit 1; }
