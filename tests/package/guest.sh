#!/usr/bin/env bash
# guest.sh FOLDER: as a part of another project vitals adds its library and nothing else: no tests, no service, no flags, no files in the
# sources, no npm; and metrics alone need no package.
set -euo pipefail
folder=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$folder"
mkdir -p "$folder/project"
fail() { echo "guest.sh: $*" >&2; exit 1; }

cat >"$folder/project/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.20)
project(host LANGUAGES CXX)
add_subdirectory(${VITALS_SOURCE} vitals)
file(WRITE ${CMAKE_BINARY_DIR}/host.cc "#include \"vitals/metrics/registry.h\"\nint main() { vitals::metrics::Registry registry; }\n")
add_executable(host ${CMAKE_BINARY_DIR}/host.cc)
target_link_libraries(host PRIVATE vitals::metrics)
get_directory_property(options COMPILE_OPTIONS)
get_target_property(interface vitals_metrics INTERFACE_COMPILE_OPTIONS)
message(STATUS "host has standard '${CMAKE_CXX_STANDARD}' output '${CMAKE_RUNTIME_OUTPUT_DIRECTORY}' launcher '${CMAKE_CXX_COMPILER_LAUNCHER}' options '${options}' interface '${interface}'")
PROJECT

before=$(git -C "$source" status --porcelain 2>/dev/null | sort)
# Without npm on the path, and with C++17 as the host's own.
mkdir "$folder/path"
for program in cmake ninja g++ cc c++ ld as git sh uname; do ln -s "$(command -v $program)" "$folder/path/$program"; done
PATH=$folder/path cmake -S "$folder/project" -B "$folder/build" -G Ninja -DVITALS_SOURCE="$source" -DCMAKE_CXX_COMPILER="$(command -v g++)" \
  -DCMAKE_CXX_STANDARD=17 >"$folder/log" 2>&1 || { cat "$folder/log" >&2; fail "it does not configure"; }
grep -qF "host has standard '17' output '' launcher '' options '' interface 'interface-NOTFOUND'" "$folder/log" || { grep "host has" "$folder/log" >&2; fail "it changed what is its host's"; }
[ "$(git -C "$source" status --porcelain 2>/dev/null | sort)" = "$before" ] || fail "it wrote into its sources"

targets=$(ninja -C "$folder/build" -t targets all | sed 's/:.*//')
for stranger in health-agent metrics_test gtest bench; do
  ! grep -qE "(^|/)$stranger$" <<<"$targets" || fail "it brought $stranger"
done
objects=$(grep -c '\.o$' <<<"$targets")
# The library's own, the console's page, and the host's program.
[ "$objects" -le $(($(find "$source/src" -name '*.cc' | wc -l) + 2)) ] || fail "it brought $objects files to compile"
! grep -rqE -- '-Werror|ccache|-fuse-ld' "$folder/build/build.ninja" || fail "it brought flags of its own: $(grep -oE -- '-Werror|ccache|-fuse-ld' "$folder/build/build.ninja" | head -n 1)"

# The host's own files are C++20 then, since what it links wants that.
cmake --build "$folder/build" --target host >"$folder/host.log" 2>&1 && "$folder/build/host" || { tail -n 20 "$folder/host.log" >&2; fail "a host of C++17 does not build"; }

# Metrics alone, where none of the packages is to be had.
began=$(date +%s%N)
cmake -S "$source" -B "$folder/metrics" -G Ninja -DVITALS_COMPONENTS=metrics -DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON \
  -DCMAKE_DISABLE_FIND_PACKAGE_LibDw=ON -DCMAKE_DISABLE_FIND_PACKAGE_LibDeflate=ON -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON >"$folder/metrics.log" 2>&1 ||
  { cat "$folder/metrics.log" >&2; fail "metrics alone do not configure"; }
echo "metrics alone configured in $((($(date +%s%N) - began) / 1000000)) ms"

# A copy inside a user's repository says nothing of the user's commit.
mkdir -p "$folder/user/third_party/vitals"
tar -C "$source" -cf - CMakeLists.txt cmake src include | tar -xf - -C "$folder/user/third_party/vitals"
git -C "$folder/user" init -q
git -C "$folder/user" -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m "a user's own commit"
cmake -S "$folder/user/third_party/vitals" -B "$folder/user.build" -G Ninja -DVITALS_COMPONENTS=metrics >/dev/null 2>&1
grep -q 'VITALS_REVISION=\\"unknown' "$folder/user.build/build.ninja" || fail "it took the commit of the repository that it is a copy in: $(grep -o 'VITALS_REVISION=[^ ]*' "$folder/user.build/build.ninja")"
