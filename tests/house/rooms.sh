#!/bin/sh
# rooms.sh ROOM FOLDERS COMPILER: a header of a room that ROOM may know is found in FOLDERS (divided by semicolons), and one of
# any other is not. Who may know whom is in scripts/rooms. Runs in the project's folder.
set -u
room=$1
compiler=$3
row=$(sed -n "s/^$room://p" scripts/rooms)
[ -n "$row" ] || { echo "rooms.sh: no room is named $room" >&2; exit 64; }
may_know=$(printf %s "$row" | cut -d: -f1)
# Whose private headers it includes too.
inside=$(printf %s "$row" | cut -d: -f2)
options=$(printf %s "$2" | tr ';' '\n' | sed '/./s/^/-I/')
failed=0

# found HEADER: whether the room's code can include it. In another folder, for what stands in the own one is found by all. Asks for the name alone, for a header that is found is not read.
found() {
  printf '#if !__has_include("%s")\n#error not found\n#endif\n' "$1" |
    (cd / && "$compiler" -std=c++20 $options -E -x c++ -o /dev/null - 2>/dev/null)
}
wrong() { echo "$room: $1" >&2; failed=1; }
first_header() { find "$1/" -name '*.h' 2>/dev/null | sort | head -n 1; }

for other in $(sed -n 's/^\([a-z]*\):.*/\1/p' scripts/rooms); do
  public=$(first_header "include/vitals/$other")
  private=$(first_header "src/$other")
  case " $room base $may_know $inside " in
    *" $other "*)
      # What a room links privately or not at all is no fault: it may know it, and does not need to.
      ;;
    *)
      [ -z "$public" ] || ! found "${public#include/}" || wrong "${public#include/} is found"
      ;;
  esac
  case $other in
    base | "$room")
      [ -z "$private" ] || found "${private#src/}" || wrong "its own ${private#src/} is not found"
      [ -z "$public" ] || found "${public#include/}" || wrong "its own ${public#include/} is not found"
      ;;
    *)
      case " $inside " in *" $other "*) continue ;; esac
      [ -z "$private" ] || ! found "${private#src/}" || wrong "${private#src/} is found, which is private"
      ;;
  esac
done
found vitals/result.h || wrong "vitals/result.h is not found"
! found health_agent/settings.h || wrong "the service's headers are found"
exit $failed
