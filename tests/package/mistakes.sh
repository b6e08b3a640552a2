#!/usr/bin/env bash
# mistakes.sh FOLDER PREFIX: what cannot be configured ends with a message that names what is wrong and what would be right.
set -uo pipefail
folder=$1 prefix=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$folder"
mkdir -p "$folder"
failed=0

# refused NAME "TEXT OF THE MESSAGE" ARGUMENT...: cmake with the arguments fails and says the text, wherever the lines are broken.
refused() {
  local name=$1 text=$2 said
  shift 2
  if said=$(cmake -G Ninja -B "$folder/$name" "$@" 2>&1); then
    echo "$name: was not refused" >&2
    failed=1
  elif ! tr -s ' \n' ' ' <<<"$said" | grep -qF -- "$text"; then
    echo "$name: does not say \"$text\" but:" >&2
    echo "$said" >&2
    failed=1
  fi
}
project() {
  mkdir -p "$folder/$1.src"
  printf '%s\n' "cmake_minimum_required(VERSION 3.20)" "project(mistake LANGUAGES CXX)" "$2" >"$folder/$1.src/CMakeLists.txt"
  echo "$folder/$1.src"
}

refused component "VITALS_COMPONENTS names 'metric'; known are: metrics, export" -S "$source" -DVITALS_COMPONENTS=metric
refused libraries "VITALS_LIBRARIES names 'dynamic'; it should be static, shared, or both" -S "$source" -DVITALS_LIBRARIES=dynamic
refused throw_stack "VITALS_THROW_STACK is 'on'; it should be unwind, frame_pointers or off" -S "$source" -DVITALS_THROW_STACK=on
refused console "the console's page needs uPlot" -S "$source" -DVITALS_COMPONENTS=console -DVITALS_UPLOT="$folder/nothing"
refused no_curl "CURL is not found, which delivery needs (Debian: libcurl4-openssl-dev)" -S "$source" -DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON
refused installed_component "this vitals was installed with the components metrics, export" \
  -S "$(project installed_component 'find_package(vitals REQUIRED CONFIG COMPONENTS metrics frontend)')" -DCMAKE_PREFIX_PATH="$prefix"
refused version "vitals" -S "$(project version 'find_package(vitals 7.0 REQUIRED CONFIG)')" -DCMAKE_PREFIX_PATH="$prefix"
exit $failed
