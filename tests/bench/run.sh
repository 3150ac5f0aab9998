#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/bench/run.sh [--build-dir=DIR] [-DOPTION=VALUE]... [OPTION]...
#
# Builds the benchmarks in _build-bench (or DIR) and prints how fast the task is, beside libsoup
# alone, an engine that does as little as possible, and other libraries. The programs run in turn,
# round by round, so that other load on the machine slows them all down alike. Programs that are not
# installed are skipped with a message.
#
#   --quick             few and short runs, for a look
#   --rounds=N          how often each program is run (5)
#   --seconds=N         how long one run is (0.5)
#   --only=PATTERN      the cases and measures of such a name, as in 'echo-*-w64-plain' or tick
#   --goals             only the cases that have a goal, and no measures
#   --programs=PATTERN  the programs of such a name; libsoup, the task and the engine always run
#   --all               all programs in all cases, not only in those that have a goal
#   --old=BUILD         another build folder, whose library the task runs with too, next to the new
#                       one in each round; prints the ratio of new to old
#   --output=STEM       writes the figures to STEM.txt and STEM.jsonl
#   --check             fails where a goal is missed
#   --list              prints the names of the cases and measures

set -euo pipefail

cd "$(dirname "$0")/../.."

build_dir=_build-bench
options=()
arguments=()

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      sed -n '/^# Usage:/,/^$/ s/^# \{0,1\}//p' tests/bench/run.sh
      exit 0
      ;;
    --build-dir=*) build_dir=${1#--build-dir=} ;;
    -D*=*) options+=("$1") ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

# The peers come from npm as the lock says, without the compiler that they would like to run.
install_peers ()
{
  local peers=$build_dir/peers

  mkdir -p "$peers"
  cp tests/bench/clients/*.js tests/bench/measures/*.js "$peers"

  if cmp -s tests/bench/peers/package-lock.json "$peers/installed.json"; then
    return
  fi

  cp tests/bench/peers/package.json tests/bench/peers/package-lock.json "$peers"
  if ! command -v npm > /dev/null; then
    echo "There is no npm, so the peers of Node are skipped" >&2
  elif npm ci --prefix "$peers" --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
    cp "$peers/package-lock.json" "$peers/installed.json"
  else
    echo "npm has not installed the peers of Node, so they are skipped" >&2
  fi
}

tools/install-packages.sh bench || echo "Going on with the packages that are there" >&2

if [ -f "$build_dir/build.ninja" ]; then
  meson setup --reconfigure "${options[@]}" "$build_dir" >&2
else
  meson setup -Dbuildtype=release -Dbenchmarks=true "${options[@]}" "$build_dir" >&2
fi

meson compile -C "$build_dir" benchmarks >&2
install_peers

exec python3 tests/bench/bench.py --build-dir="$(realpath "$build_dir")" "${arguments[@]}"
