#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/builds/i386.sh [--cache=DIR] [--output=DIR]
#
# Builds what is in the working tree for i386, a machine of 32 bits, with warnings as errors, and
# runs the tests of the suites core, link, loopback, fallback, matrix, fuzz, soak and checks: as
# root, on Debian, in a chroot that is made for it and has no network then.
#
# The chroot is made from the archive that this machine's apt is set up for. What has been
# downloaded for it is kept in DIR, or else in ~/.cache/hb-websocket-debian. With --output, the logs
# of the tests are put into DIR. Nothing else stays, and nothing is written to the source.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/../..")
output=

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

install_packages ()
{
  enter "$root" /source/tools/install-packages.sh build > "$scratch/apt.log" 2>&1 \
    || fail_with "$scratch/apt.log" "the packages for building cannot be installed"
  # What loopback, matrix and checks would skip for want of
  enter "$root" apt-get -qq install glib-networking libharfbuzz0b openssl \
    > "$scratch/apt.log" 2>&1 \
    || fail_with "$scratch/apt.log" "the packages for the tests cannot be installed"
}

# All that git would take, as it is now
copy_source ()
{
  mkdir "$root/source"
  git -C "$source_root" ls-files -z --cached --others --exclude-standard --deduplicate \
    | tar -C "$source_root" --null --files-from=- --ignore-failed-read -cf - \
    | tar -C "$root/source" --no-same-owner -xf -
}

# As i386, to those who ask what machine this is
run ()
{
  enter_offline "$root" setarch i386 "$@"
}

build ()
{
  enter "$root" install --directory --owner="$builder" --group="$builder" /build
  run meson setup /build /source -Dwerror=true -Dexamples=false -Dintrospection=disabled \
    -Dvapi=disabled
  run meson compile -C /build

  # Or all of this has shown nothing
  LC_ALL=C readelf --file-header "$root/build/lib/libhb-websocket-1.so" | grep 'Class: *ELF32$'
}

keep_logs ()
{
  [ -z "$output" ] || cp -R "$root/build/meson-logs/." "$output"
}

parse_options cache output -- "$@"
need git readelf
begin_chroots i386 "$@"
choose_archive i386
[ -z "$output" ] || mkdir -p "$output"
root=$scratch/i386

make_chroot i386
say "What the library and its tests need is installed there"
copy_source
install_packages
echo "It took $SECONDS s so far."

say "The library and its tests are built"
build
echo "It took $SECONDS s so far."

say "The tests are run"
run meson test -C /build --no-rebuild --print-errorlogs --suite core --suite link \
  --suite loopback --suite fallback --suite matrix --suite fuzz --suite soak --suite checks \
  || { keep_logs; fail "tests have failed"; }
keep_logs

say "The library works on i386. It took $SECONDS s."
