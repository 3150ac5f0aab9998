#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/release/builds/dist.sh [--output=DIR]
#
# Makes the tarball of a release from the last commit, with `meson dist`, and checks it:
#
#  - A build of it passes the tests of the suites bindings and checks. Most tests of the library run
#    when the packages are built, each time from such a tarball.
#  - Two builds of it install the same bytes, although their folders, file times, locales, time
#    zones, umasks and numbers of jobs differ.
#
# With --output, the tarball and its checksum are copied to DIR.

set -euo pipefail

output=

case "${1:-}" in
  '') ;;
  --output=*) output=$(realpath -m "${1#--output=}") ;;
  *)
    sed -n '/^# Usage:/,/^$/ s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/../../.."
source_root=$PWD

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say ()
{
  printf '%4d s: %s\n' "$SECONDS" "$*"
}

# quietly COMMAND...: shows the output only if the command fails
quietly ()
{
  if ! "$@" > "$scratch/log" 2>&1; then
    cat "$scratch/log"
    return 1
  fi
}

# unpack FOLDER: unpacks the tarball to FOLDER/source
unpack ()
{
  mkdir -p "$1/source"
  tar --extract --file="$tarball" --directory="$1/source" --strip-components=1 --touch
}

# build FOLDER JOBS OPTION...: builds FOLDER/source, and installs it in FOLDER/installed. As in the
# builds of distributions, a flag keeps the path of the folder out of the debugging information.
build ()
{
  local folder=$1 jobs=$2
  shift 2

  CFLAGS="-g -O2 -ffile-prefix-map=$folder=." quietly meson setup "$folder/build" "$folder/source" \
    --prefix=/usr -Dbuildtype=plain -Dwerror=true -Dintrospection=enabled -Dvapi=enabled \
    -Ddocumentation=true -Dtools=true -Dinstall_monitor="$monitor" -Dtests=false "$@"
  quietly meson compile -C "$folder/build" --jobs="$jobs"
  DESTDIR="$folder/installed" quietly meson install -C "$folder/build" --no-rebuild
}

# list FOLDER: describes the installed files. Changes the directory, so it must run in a subshell.
list ()
{
  cd "$1/installed"
  find . -printf '%P %M %l\n' | sort
  find . -type f -print0 | sort -z | xargs -0 sha256sum
}

export LC_ALL=C.UTF-8

# The libadwaita of Debian 12 is too old for the monitor.
monitor=false
if pkg-config --exists 'libadwaita-1 >= 1.5'; then
  monitor=true
fi

meson setup "$scratch/setup" "$source_root" -Dtests=false -Dexamples=false -Dvapi=disabled \
  -Dintrospection=disabled > "$scratch/log"
quietly meson dist -C "$scratch/setup" --no-tests --formats=xztar
tarball=$(echo "$scratch"/setup/meson-dist/*.tar.xz)
say "made $(basename "$tarball")"

one=$scratch/one
other=$scratch/another/folder/whose/name/is/longer

unpack "$one"
(umask 022 && TZ=UTC build "$one" 2)
say "built and installed the tarball"

unpack "$other"
find "$other/source" -exec touch -h -d '2001-02-03 04:05' {} +
(umask 077 && LC_ALL=C TZ=Pacific/Kiritimati HOME=$scratch USER=somebody \
  build "$other" 1 -Dexamples=false)
say "built and installed the tarball again, in another folder"

(list "$one") > "$scratch/one.list"
(list "$other") > "$scratch/other.list"
if ! diff "$scratch/one.list" "$scratch/other.list"; then
  echo "These files differ between the two builds; diffoscope shows the differences"
  exit 1
fi
say "both builds installed the same $(find "$one/installed" -type f | wc -l) files"

quietly meson configure -Dtests=true "$one/build"
quietly meson test -C "$one/build" --print-errorlogs --suite bindings --suite checks
say "the tests pass"

if [ -n "$output" ]; then
  mkdir -p "$output"
  cp "$tarball" "$tarball.sha256sum" "$output"
fi
