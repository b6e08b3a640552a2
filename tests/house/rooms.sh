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
first_header() { find "$1/" -name '*.h' 2>/dev/null | sort | head -n 1; }

# One line for each header: whether it must be found ("yes" or "no"), its name, and what is wrong else.
expected() {
  echo "yes vitals/result.h is not found"
  echo "no health_agent/settings.h is found, which belongs to the service"
  for other in $(sed -n 's/^\([a-z]*\):.*/\1/p' scripts/rooms); do
    public=$(first_header "include/vitals/$other")
    private=$(first_header "src/$other")
    case " $room base $may_know $inside " in
      *" $other "*)
        # What a room links privately or not at all is no fault: it may know it, and does not need to.
        ;;
      *) [ -z "$public" ] || echo "no ${public#include/} is found" ;;
    esac
    case $other in
      base | "$room")
        [ -z "$private" ] || echo "yes ${private#src/} is not found, which is its own"
        [ -z "$public" ] || echo "yes ${public#include/} is not found, which is its own"
        ;;
      *)
        case " $inside " in *" $other "*) continue ;; esac
        [ -z "$private" ] || echo "no ${private#src/} is found, which is private"
        ;;
    esac
  done
}

# The compiler says what it finds, in one call and in another folder, for what stands in the own one is found by all.
wrong=$(expected |
  sed -E 's/^yes ([^ ]+) (.*)/#if !__has_include("\1")\n\1 \2\n#endif/; s/^no ([^ ]+) (.*)/#if __has_include("\1")\n\1 \2\n#endif/' |
  (cd / && "$compiler" -std=c++20 $options -E -P -x c++ -)) || { echo "rooms.sh: $compiler failed" >&2; exit 70; }
[ -z "$wrong" ] || { printf '%s\n' "$wrong" | sed "s/^/$room: /" >&2; exit 1; }
