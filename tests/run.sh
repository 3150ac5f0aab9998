#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/run.sh [--build-dir=DIR] [-DOPTION=VALUE]... [ARGUMENT OF meson test]...
#
# Installs the packages that are missing, builds in _build (or DIR) with the options given, and runs
# the tests: all, or those that the arguments name, as in
#   tests/run.sh --suite core
#   tests/run.sh --build-dir=_build-asan -Db_sanitize=address,undefined

set -euo pipefail

cd "$(dirname "$0")/.."

build_dir=_build
options=()

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      sed -n 's/^# \{0,1\}//; 4,10p' tests/run.sh
      exit 0
      ;;
    --build-dir=*) build_dir=${1#--build-dir=} ;;
    -D*=*) options+=("$1") ;;
    *) break ;;
  esac
  shift
done

tools/install-packages.sh test

# A directory that is there already is looked at afresh: what was missing then may be there now.
if [ -f "$build_dir/build.ninja" ]; then
  meson setup --reconfigure "${options[@]}" "$build_dir"
else
  meson setup "${options[@]}" "$build_dir"
fi

meson compile -C "$build_dir"
exec meson test -C "$build_dir" --no-rebuild --print-errorlogs "$@"
