#!/bin/sh
# numbers.sh OPTIONS COMPILER: with OPTIONS (divided by semicolons) behind those of a user who wants fast numbers, as CMake puts them,
# the compiler makes the same of NaN, of infinities and of the order of a sum as without the user's.
set -u
compiler=$2
options=$(printf %s "$1" | tr ';' '\n')

# made_with FLAGS: what the compiler makes of a look at NaN and of a sum.
made_with() {
  printf 'bool is_none(double x) { return x != x; }\ndouble sum(double x) { return x + 1e300 - 1e300; }\n' |
    "$compiler" -O2 $1 $options -std=c++20 -S -x c++ -o - -
}

exact=$(made_with "") || exit 1
failed=0
for fast in "-ffast-math" "-ffinite-math-only" "-ffast-math -ffinite-math-only -fassociative-math"; do
  [ "$(made_with "$fast")" = "$exact" ] || { echo "$fast is not taken back by: $options" >&2; failed=1; }
done
exit $failed
