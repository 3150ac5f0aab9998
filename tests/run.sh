#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/run.sh [--build-dir=DIR] [-DOPTION=VALUE]... [ARGUMENT OF meson test]...
#
# Installs the packages that are missing, builds in _build (or DIR) with the given options, and runs
# all tests, or those that the arguments select. Examples:
#   tests/run.sh --suite core
#   tests/run.sh --build-dir=_build-asan -Db_sanitize=address,undefined
# At the end, the script prints how many test cases passed, and why some were skipped.

set -euo pipefail

cd "$(dirname "$0")/.."

# shellcheck source=tools/configure.bash
. tools/configure.bash

build_dir=_build
options=()
arguments=()

for argument in "$@"; do
  case "$argument" in
    -h | --help)
      sed -n 's/^# \{0,1\}//; 4,11p' tests/run.sh
      exit 0
      ;;
    --build-dir=*) build_dir=${argument#--build-dir=} ;;
    -D*=*) options+=("$argument") ;;
    *) arguments+=("$argument") ;;
  esac
done

configure test "$build_dir" "${options[@]}"
meson compile -C "$build_dir"

status=0
began=$(mktemp)
trap 'rm -f "$began"' EXIT
meson test -C "$build_dir" --no-rebuild --print-errorlogs "${arguments[@]}" || status=$?

# Each test setup has its own log. With arguments such as --list, Meson writes no log, and an older
# log is about an earlier run.
for log in "$build_dir"/meson-logs/testlog*.json; do
  [ ! "$log" -nt "$began" ] || python3 tests/report.py --build-dir="$build_dir" "$log"
done
exit "$status"
