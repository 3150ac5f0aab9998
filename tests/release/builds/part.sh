#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/release/builds/part.sh PART FOLDER [ARGUMENT OF meson test]...
#
# Runs the tests of PART, a part of .ci/run, in a build in FOLDER/PART, unless the list below names
# another build. In the builds, warnings are errors. Install the packages first, with
# tools/install-packages.sh. If Meson runs the tests, its log is copied to FOLDER/PART.json.
#
#   plain        all tests, with each option that adds tests, unless HB_LEAVE_OUT names its packages
#                or, for the monitor, libadwaita is too old
#   sanitizers   the tests that run compiled code, with AddressSanitizer and
#                UndefinedBehaviorSanitizer
#   clang        the same tests with these sanitizers, built by Clang as on a system without timerfd
#                and epoll
#   valgrind     the suite loopback under valgrind, in the build of the part plain
#   coverage     most tests of the library, with a report of the lines and branches that they reach
#   library      most tests of the library, and the suite checks, without the examples and other
#                languages
#   example      examples/run.sh, in the build of the part plain

set -euo pipefail

cd "$(dirname "$0")/../../.."

if [ $# -lt 2 ]; then
  sed -n '/^# Usage:/,/^$/ s/^# \{0,1\}//p' tests/release/builds/part.sh >&2
  exit 2
fi

part=$1
folder=$(realpath -m "$2")
build_dir=$folder/$part
log=$build_dir/meson-logs/testlog.json
[ "$part" != valgrind ] || log=$folder/plain/meson-logs/testlog-valgrind.json
shift 2

export PYTHONDONTWRITEBYTECODE=1

# Most tests wait for a deadline or for a peer, so more tests than processors can run at once.
[ "$part" = valgrind ] || export MESON_TESTTHREADS=$((3 * $(nproc)))

# An older log would count as the log of this run.
rm -f "$log" "$folder/$part.json"
trap '[ ! -f "$log" ] || cp "$log" "$folder/$part.json"' EXIT

# test_build OPTION... [ARGUMENT OF meson test]...: builds the part, and runs its tests
test_build ()
{
  tests/run.sh --build-dir="$build_dir" -Dwerror=true "$@"
}

# choose VALUE OTHER PACKAGE...: prints VALUE, or OTHER if HB_LEAVE_OUT names one of the packages
choose ()
{
  local value=$1 package

  for package in "${@:3}"; do
    [[ " ${HB_LEAVE_OUT:-} " != *" $package "* ]] || value=$2
  done
  echo "$value"
}

# Exits if the macros of the part clang have had no effect.
expect_portable ()
{
  if readelf --wide --dyn-syms "$build_dir/lib/libhb-websocket-1.so" | grep -E ' (timerfd|epoll)_'
  then
    echo "part.sh: the library uses these functions" >&2
    exit 1
  fi
}

case "$part" in
  plain)
    gir=(gobject-introspection gir1.2-glib-2.0-dev libgirepository1.0-dev)
    monitor=false
    # The libadwaita of Debian 12 is too old for the monitor.
    ! pkg-config --exists 'libadwaita-1 >= 1.5' || monitor=true
    test_build -Dinstall_monitor="$monitor" -Dinstalled_tests=true -Dtools=true \
      -Dintrospection="$(choose enabled disabled "${gir[@]}")" \
      -Dvapi="$(choose enabled disabled "${gir[@]}" valac)" \
      -Ddocumentation="$(choose true false "${gir[@]}" gi-docgen)" "$@"
    ;;
  sanitizers | clang)
    # GLib before 2.76 would put several blocks into one allocation, so the leak detector could not
    # tell the blocks apart.
    export G_SLICE=always-malloc
    # The server of libsoup 3.2 leaks accepted sockets.
    leaks=1
    pkg-config --exists 'libsoup-3.0 >= 3.4' || leaks=0
    export ASAN_OPTIONS=detect_leaks=$leaks:detect_stack_use_after_return=1:strict_string_checks=1
    export LSAN_OPTIONS=suppressions=$PWD/.ci/lsan.supp:print_suppressions=0
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    if [ "$part" = clang ]; then
      export CC=clang
      # Each macro renames a function in the headers of the system, so the C library seems to lack
      # it.
      export CFLAGS='-Dtimerfd_create=no_timerfd_create -Depoll_create1=no_epoll_create1'
      # The check `function` would report GObject, which calls functions through pointers of other
      # types.
      CFLAGS+=' -fno-sanitize=function'
      # A shared library does not contain Clang's runtime of the sanitizers, so the linker must
      # accept undefined symbols.
      options=(-Db_lundef=false)
    else
      options=(-Dbenchmarks=true)
    fi
    # The suites checks and shell run hardly any code of this build. Introspection is off, because
    # the program that g-ir-scanner runs would not load the runtime of the sanitizers first. More
    # optimization would double the compilation time.
    test_build -Db_sanitize=address,undefined -Doptimization=1 -Dintrospection=disabled \
      -Dvapi=disabled "${options[@]}" --no-suite checks --no-suite shell "$@"
    [ "$part" != clang ] || expect_portable
    ;;
  valgrind)
    meson test -C "$folder/plain" --no-rebuild --print-errorlogs --setup=valgrind \
      --suite=loopback "$@"
    ;;
  coverage)
    # `meson test` compiles only the programs of these suites.
    meson setup "$build_dir" -Dwerror=true -Db_coverage=true -Dbuildtype=debug -Dexamples=false \
      -Dintrospection=disabled -Dvapi=disabled
    meson test -C "$build_dir" --print-errorlogs --quiet --suite base --suite core --suite frame \
      --suite loop --suite link --suite loopback --suite matrix "$@"
    meson compile -C "$build_dir" coverage-of-lib
    ;;
  library)
    # tests/run.sh would install packages for other suites.
    meson setup "$build_dir" -Dwerror=true -Dexamples=false -Dintrospection=disabled -Dvapi=disabled
    meson compile -C "$build_dir"
    meson test -C "$build_dir" --no-rebuild --print-errorlogs --suite base --suite core \
      --suite frame --suite loop --suite link --suite loopback --suite fallback --suite slow-lane \
      --suite matrix --suite fuzz --suite soak --suite checks "$@"
    ;;
  example)
    examples/run.sh --build-dir="$folder/plain"
    ;;
  *)
    echo "part.sh: the part $part is unknown" >&2
    exit 2
    ;;
esac
