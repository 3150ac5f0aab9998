#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/builds/run.sh [NAME]...
#
# Builds the library and its examples in each way in which distributions and applications do, or in
# those that are named, with warnings as errors; and has the example in C talk to a server that
# breaks its links. The last line tells what has failed.
#
#   shared    the shared library alone
#   static    the static library alone
#   lto       with optimization at link time, as a release
#   clang     by Clang, without introspection
#   bare      without assertions, checks and what GLib deprecates, and hardened as Debian does

set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

declare -A options=(
  [shared]='-Ddefault_library=shared'
  [static]='-Ddefault_library=static -Dvapi=disabled -Dintrospection=disabled'
  [lto]='-Ddefault_library=both -Db_lto=true -Dbuildtype=release'
  [clang]='-Dvapi=disabled -Dintrospection=disabled'
  [bare]='-Dbuildtype=plain -Db_ndebug=true -Dvapi=disabled -Dintrospection=disabled'
)

declare -A cflags=(
  [bare]='-O2 -fstack-protector-strong -fcf-protection -D_FORTIFY_SOURCE=2
          -DG_DISABLE_ASSERT -DG_DISABLE_CHECKS -DG_DISABLE_CAST_CHECKS -DG_DISABLE_DEPRECATED'
)

declare -A ldflags=(
  [bare]='-Wl,-z,relro,-z,now,-z,defs,--as-needed'
)

# setup NAME: configures a build of that name
setup ()
{
  local compiler=${CC:-cc} words

  [ "$1" != clang ] || compiler=clang
  read -r -a words <<< "${options[$1]}"
  CC=$compiler CFLAGS=${cflags[$1]:-} LDFLAGS=${ldflags[$1]:-} \
    meson setup "$scratch/$1" -Dwerror=true -Dtests=false -Dmonitor=disabled \
    "${words[@]}"
}

build ()
{
  setup "$1" && meson compile -C "$scratch/$1"
}

# use NAME: has the example talk to its server, five times, at the same time as others
use ()
{
  python3 tests/examples/echo.py "$scratch/$1/examples/echo-server" "$scratch/$1/examples/echo"
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  names=(shared static lto clang bare)
fi

failed=()
built=()
declare -A users

for name in "${names[@]}"; do
  if [ -z "${options[$name]:-}" ]; then
    sed -n 's/^# \{0,1\}//; 4,15p' "$0" >&2
    exit 2
  fi

  start=$SECONDS
  if build "$name" > "$scratch/$name.log" 2>&1; then
    printf '%-8s is built, in %d s\n' "$name" $((SECONDS - start))
    built+=("$name")
  else
    cat "$scratch/$name.log"
    failed+=("$name")
  fi
done

# They wait more than they work.
for name in "${built[@]}"; do
  use "$name" > "$scratch/$name.log" 2>&1 &
  users[$name]=$!
done

for name in "${built[@]}"; do
  if wait "${users[$name]}"; then
    printf '%-8s works\n' "$name"
  else
    cat "$scratch/$name.log"
    failed+=("$name")
  fi
done

if [ ${#failed[@]} -ne 0 ]; then
  echo "These have failed: ${failed[*]}"
  exit 1
fi

echo "All ${#built[@]} work"
