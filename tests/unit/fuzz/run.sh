#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/unit/fuzz/run.sh SECONDS [--keep] [TARGET...]
#
# Builds the fuzzers with clang in _build-fuzz, or in the directory that FUZZ_BUILD names. Runs each
# TARGET (default: all) for SECONDS, starting from the corpus and from the inputs that earlier runs
# have found. With --keep, replaces the corpus of each TARGET with a subset of all its inputs that
# reaches the same code. If a TARGET has failed, its corpus and those of later TARGETs are not
# replaced. An input that causes a failure stays in the build directory. To reproduce the failure,
# run the fuzzer with the file of this input as its argument.

set -euo pipefail

cd "$(dirname "$0")/../../.."

seconds=${1:?how many seconds for each target}
shift
keep=
if [ "${1:-}" = --keep ]; then
  keep=yes
  shift
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(syntax handshake frame machine link)

build=${FUZZ_BUILD:-_build-fuzz}
corpus=$PWD/tests/unit/fuzz/corpus

if [ ! -e "$build/build.ninja" ]; then
  CC=clang meson setup "$build" -Dfuzzing=true -Db_sanitize=address,undefined -Db_lundef=false \
    -Dc_args=-fsanitize=fuzzer-no-link -Dintrospection=disabled -Dvapi=disabled -Dexamples=false
fi
meson compile -C "$build" "${targets[@]/#/fuzz-}"
cd "$build"

export G_DEBUG=fatal-criticals,gc-friendly G_SLICE=always-malloc
export GIO_USE_NETWORK_MONITOR=base GIO_USE_PROXY_RESOLVER=dummy GSETTINGS_BACKEND=memory
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

failed=0
for target in "${targets[@]}"; do
  echo "=== $target"
  mkdir -p "found/$target"
  "tests/unit/fuzz/fuzz-$target" -max_total_time="$seconds" -max_len=2048 -timeout=20 \
    -detect_leaks=0 -print_final_stats=1 "found/$target" "$corpus/$target" 2> "$target.log" \
    || failed=1
  grep -E '^(#[0-9]+.*DONE|stat::|SUMMARY|ERROR|.*ERROR)|^Test unit' "$target.log" || true

  if [ -n "$keep" ] && [ "$failed" -eq 0 ]; then
    rm -rf "minimal/$target"
    mkdir -p "minimal/$target"
    "tests/unit/fuzz/fuzz-$target" -merge=1 -use_counters=0 -max_len=2048 -detect_leaks=0 \
      "minimal/$target" "$corpus/$target" "found/$target" 2> "$target-merge.log"
    rm -rf "${corpus:?}/$target"
    mv "minimal/$target" "$corpus/$target"
  fi
done
exit $failed
