#!/usr/bin/env bash
# release.sh FOLDER: a release configures with its console where there is neither git nor npm, and knows which commit it is of.
set -euo pipefail
folder=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
fail() { echo "release.sh: $*" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder/path"
archive=$(cd "$source" && scripts/release)
tar -xf "$source/$archive" -C "$folder"
for program in cmake ninja g++ cc c++ ld as sh uname; do ln -s "$(command -v $program)" "$folder/path/$program"; done
PATH=$folder/path cmake -S "$folder"/vitals-* -B "$folder/build" -G Ninja -DCMAKE_CXX_COMPILER="$(command -v g++)" -DVITALS_COMPONENTS=console >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; fail "it does not configure"; }
revision=$(git -C "$source" log -1 --format=%h)
grep -qF "VITALS_REVISION=\\\"$revision" "$folder/build/build.ninja" || fail "it does not know its revision, $revision: $(grep -o 'VITALS_REVISION=[^ ]*' "$folder/build/build.ninja")"
