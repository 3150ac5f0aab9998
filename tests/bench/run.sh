#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/bench/run.sh [--build-dir=DIR] [-DOPTION=VALUE]... [OPTION]...
#
# Installs the packages that are missing, builds the benchmarks in _build-bench (or DIR), and
# compares the speed of the task with that of libsoup alone, of other libraries, and of an engine
# that does as little as possible. The programs run in turn, round by round, so that other load on
# the machine slows them all down alike. Programs that are not installed are skipped with a message.
#
#   --quick             runs a few short rounds, for a first look
#   --rounds=N          runs each program N times in each case (5)
#   --seconds=N         measures for N seconds in each run, after a warm-up (0.5)
#   --only=PATTERN      runs the cases and measures whose names match, as in 'echo-*-w64-plain'
#   --goals             runs the cases that have a goal, and no measures
#   --programs=PATTERN  runs the programs whose names match, and always libsoup, the task and the
#                       engine
#   --all               runs all programs in all cases except 'await', also in those without a goal
#   --old=BUILD         also runs the task with the library of another build directory, in the same
#                       rounds as with the new one, and prints the ratio of new to old
#   --output=STEM       writes the figures to STEM.txt and STEM.jsonl
#   --check             fails if a goal is missed
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

# Copies the scripts for Node to the build directory, and installs the libraries that they use. The
# install scripts of two libraries may run a compiler, so npm runs no install scripts. bench.py
# skips the programs whose libraries are missing.
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
    echo "npm is missing, so the libraries for Node are skipped" >&2
  elif npm ci --prefix "$peers" --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
    cp "$peers/package-lock.json" "$peers/installed.json"
  else
    echo "npm has not installed the libraries for Node, so they are skipped" >&2
  fi
}

tools/install-packages.sh bench || echo "Continuing with the packages that are installed" >&2

if [ -f "$build_dir/build.ninja" ]; then
  meson setup --reconfigure "${options[@]}" "$build_dir" >&2
else
  meson setup -Dbuildtype=release -Dbenchmarks=true "${options[@]}" "$build_dir" >&2
fi

meson compile -C "$build_dir" benchmarks >&2
install_peers

exec python3 tests/bench/bench.py --build-dir="$(realpath "$build_dir")" "${arguments[@]}"
