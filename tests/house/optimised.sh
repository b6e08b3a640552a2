#!/bin/sh
# optimised.sh BUILD: every file of the library and of the service is compiled with -O2, and with nothing less behind it. One
# file without costs the whole program: of an inline function that several files have, the linker keeps the first that it finds.
set -u
commands=$(grep -oE '"command": ".* -o (src|health_agent)/[^ ]+' "$1/compile_commands.json")
[ -n "$commands" ] || { echo "no file of src/ or health_agent/ is in $1/compile_commands.json" >&2; exit 1; }
# What counts is the last of several.
slow=$(printf '%s\n' "$commands" | sed -nE 's/.* (-O[^ ]*) (.* )?-o (.*)/\1 \3/; /^-O[23] /!p')
[ -z "$slow" ] || { printf 'not compiled with -O2: %s\n' "$slow" >&2; exit 1; }
