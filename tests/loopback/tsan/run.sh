#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/loopback/tsan/run.sh [--build-dir=DIR] [--libs-dir=DIR] [ARGUMENT OF meson test]...
#
# Runs the tests that use several threads, or those that the arguments name, with ThreadSanitizer.
# ThreadSanitizer sees GLib's locks only if GLib is compiled for it. So the script first builds
# GLib and libsoup from Debian's sources in _build-tsan-libs, or in the folder of --libs-dir, unless
# they have already been built. The build takes a minute or two, and needs the packages that
# tests/run.sh needs.

set -euo pipefail

cd "$(dirname "$0")/../../.."

build_dir=_build-tsan
libs_dir=_build-tsan-libs

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      sed -n 's/^# \{0,1\}//; 4,10p' tests/loopback/tsan/run.sh
      exit 0
      ;;
    --build-dir=*) build_dir=${1#--build-dir=} ;;
    --libs-dir=*) libs_dir=${1#--libs-dir=} ;;
    *) break ;;
  esac
  shift
done

[ $# -gt 0 ] || set -- --suite threads

mkdir -p "$libs_dir"
libs_dir=$(cd "$libs_dir" && pwd)
prefix=$libs_dir/prefix

# The machine's apt may not be configured for sources, so this function uses its own configuration.
download ()
{
  local apt=$libs_dir/apt
  local options=(-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources.d"
                 -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache"
                 -o APT::Sandbox::User=)
  local list

  mkdir -p "$apt"/{lists,cache,sources,sources.d}
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -r "$list" ] || continue
    case "$list" in
      *.list) sed -n 's/^deb /deb-src /p' "$list" > "$apt/sources.d/$(basename "$list")" ;;
      *.sources) sed 's/^Types:.*/Types: deb-src/' "$list" > "$apt/sources.d/$(basename "$list")" ;;
    esac
  done

  (
    cd "$apt/sources"
    apt-get "${options[@]}" update
    apt-get "${options[@]}" source --download-only glib2.0 libsoup3
  )
}

# build NAME TARBALL OPTION...
build ()
{
  local name=$1 tarball=$2
  shift 2

  mkdir -p "$libs_dir/$name"
  tar --extract --strip-components=1 --directory="$libs_dir/$name" --file="$tarball"
  meson setup "$libs_dir/$name-build" "$libs_dir/$name" --prefix="$prefix" --libdir=lib \
    -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Dtests=false "$@"
  meson compile -C "$libs_dir/$name-build"
  meson install -C "$libs_dir/$name-build" --quiet
}

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export LD_LIBRARY_PATH=$prefix/lib

if [ ! -e "$prefix/is-complete" ]; then
  # With --libs-dir, the folder may also contain the user's own files, which must stay.
  rm -rf "$libs_dir"/{apt,glib,glib-build,libsoup,libsoup-build,prefix}
  download
  build glib "$libs_dir"/apt/sources/glib2.0_*.orig.tar.xz \
    -Dman=false -Dnls=disabled -Dselinux=disabled -Dlibmount=disabled -Dxattr=false
  build libsoup "$libs_dir"/apt/sources/libsoup3_*.orig.tar.xz \
    -Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled -Dgssapi=disabled -Dntlm=disabled \
    -Dbrotli=disabled -Dsysprof=disabled -Dautobahn=disabled -Dtls_check=false
  touch "$prefix/is-complete"
fi

[ -f "$build_dir/build.ninja" ] \
  || meson setup "$build_dir" -Dwerror=true -Db_sanitize=thread -Dintrospection=disabled \
       -Dvapi=disabled -Dexamples=false

# Without this setting, GLib before 2.76 passes slices of memory from one thread to another without
# free (), so ThreadSanitizer would not notice that a slice has been freed.
export G_SLICE=always-malloc
suppressions=$PWD/tests/loopback/tsan/tsan.supp
export TSAN_OPTIONS="suppressions=$suppressions:second_deadlock_stack=1:history_size=4"
exec meson test -C "$build_dir" --print-errorlogs "$@"
