#!/usr/bin/env bash
# One cell of the table in docs/guide/: takes vitals into an outside project in one way, with one compiler and its options, then runs
# the program. `cell.sh WAY FOLDER PREFIX COMPILER STANDARD [LINKAGE] [COMPILER OPTION...]`
#   WAY is find_package or pkg_config, from PREFIX, where the library is installed; or add_subdirectory or fetch_content, from its sources.
#   FOLDER is written anew. RUN=off leaves the program at that: it is for another processor.
set -euo pipefail
way=$1 folder=$2 prefix=$3 compiler=$4 standard=$5 linkage=$6
shift 6
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
strict=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)
command -v "$compiler" >/dev/null || { echo "cell.sh: no $compiler here: scripts/bootstrap test installs it" >&2; exit 69; }
rm -rf "$folder"
mkdir -p "$folder"

joined() { (IFS=';'; echo "$*"); }

configure() {
  cmake -S "$1" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_STANDARD="$standard" -DFLAGS="$(joined "${strict[@]}" "${compiled[@]}")" \
    -DLINK_FLAGS="$(joined "${linked[@]}")" --no-warn-unused-cli "${@:2}" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
  ! grep -A5 "CMake.*Warning" "$folder/configure.log" || exit 1
  cmake --build "$folder" >"$folder/build.log" 2>&1 || { grep -E -A8 "error|FAILED|undefined" "$folder/build.log" | head -60 >&2; exit 1; }
  # A warning that is no error, such as the linker's.
  ! grep -i -A5 "warning" "$folder/build.log" >&2 || exit 1
}

# What the linker is told alone, the compiler would call unused.
flags=("$@")
compiled=()
linked=()
for flag in "$@"; do
  case $flag in
    -fuse-ld=* | -static-*) linked+=("$flag") ;;
    -fsanitize=* | -flto*) compiled+=("$flag"); linked+=("$flag") ;;
    *) compiled+=("$flag") ;;
  esac
done
case $way in
  find_package)
    configure "$here/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DLINKAGE="$linkage"
    program=$folder/consumer
    ;;
  pkg_config)
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    modules=(vitals-export vitals-console vitals-monitor vitals-testing)
    libraries=$(pkg-config --libs "${modules[@]}")
    # Where both are installed a linker takes the shared one unless it is told.
    [ "$linkage" != static ] || libraries=$(pkg-config --static --libs "${modules[@]}" | sed 's/-lvitals\b/-l:libvitals.a/g')
    program=$folder/consumer
    # clang 14 to 16 call it so.
    "$compiler" -std=c++"${standard/23/2b}" "${strict[@]}" "${flags[@]}" $(pkg-config --cflags "${modules[@]}") "$here/consumer/main.cc" \
      $libraries -Wl,-rpath,"$prefix/lib" -o "$program"
    ;;
  add_subdirectory | fetch_content)
    configure "$here/guest" -DWAY="$way" -DVITALS_SOURCE="$source" -DVITALS_REPOSITORY="$source" \
      -DPROGRAM="${PROGRAM:-$here/consumer/main.cc}" -DCOMPONENTS="${COMPONENTS:-export;console;monitor;testing}" \
      -DVITALS_COMPONENTS="${COMPONENTS:-}" ${CMAKE_OPTIONS:-}
    program=$folder/guest
    ;;
  *) echo "cell.sh: unknown way '$way'; known are find_package, pkg_config, add_subdirectory, fetch_content" >&2; exit 64 ;;
esac
[ "${RUN:-on}" = off ] || "$program"
