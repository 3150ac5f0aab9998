#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/release/builds/run.sh [NAME]...
#
# Builds the library and its examples, except the monitor, in all of the ways below, or in the named
# ones, with warnings as errors. Checks the properties of each build, and tests its example `echo`
# in C.
#
#   shared    the shared library alone
#   static    the static library alone
#   lto       a release with optimization at link time
#   clang     a build with Clang, without introspection
#   bare      without GLib's assertions, checks and deprecated functions, but hardened

set -uo pipefail

cd "$(dirname "$0")/../../.." || exit 1
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

setup ()
{
  local compiler=${CC:-cc} words

  [ "$1" != clang ] || compiler=clang
  read -r -a words <<< "${options[$1]}"
  CC=$compiler CFLAGS=${cflags[$1]:-} LDFLAGS=${ldflags[$1]:-} \
    meson setup "$scratch/$1" -Dwerror=true -Dtests=false -Dmonitor=disabled \
    "${words[@]}"
}

# expect WHAT COMMAND...: reports WHAT and sets wrong=1 if the command fails
expect ()
{
  "${@:2}" && return
  echo "This is not true: $1"
  wrong=1
}

# shows TEXT FILE OPTION...: returns whether readelf prints the text
shows ()
{
  [[ $(readelf --wide "${@:3}" "$2") == *"$1"* ]]
}

hides ()
{
  ! shows "$@"
}

# takes_part OBJECT: returns whether GCC or Clang has prepared the object file for optimization at
# link time
takes_part ()
{
  [ "$(head -c 2 "$1")" = BC ] || shows .gnu.lto_ "$1" --sections
}

# look NAME: returns whether the build has the expected properties
look ()
{
  local lib=$scratch/$1/lib/libhb-websocket-1 echo=$scratch/$1/examples/echo wrong=0

  if [[ ${options[$1]} == *-Dintrospection=disabled* ]]; then
    expect "the build has no introspection data" [ ! -e "$scratch/$1/lib/Hb-1.gir" ]
  fi

  if [ "$1" = static ]; then
    expect "the build has no shared library" [ ! -e "$lib.so" ]
    expect "the build has a static library" [ -e "$lib.a" ]
    expect "the example does not need the shared library" \
      hides 'Shared library: [libhb-' "$echo" --dynamic
  else
    expect "the example needs the shared library" shows 'Shared library: [libhb-' "$echo" --dynamic
  fi

  case "$1" in
    shared)
      expect "the build has no static library" [ ! -e "$lib.a" ]
      ;;
    lto)
      expect "the build also has a static library" [ -e "$lib.a" ]
      expect "the object files are prepared for optimization at link time" \
        takes_part "$scratch/$1/lib/task/libhb-task.a.p/hb-driver.c.o"
      ;;
    clang)
      expect "Clang has compiled the library" shows 'clang version' "$lib.so" --string-dump=.comment
      ;;
    bare)
      expect "the library has no assertions" hides g_assertion_message "$lib.so" --dyn-syms
      expect "the library has no checks of arguments" \
        hides g_return_if_fail_warning "$lib.so" --dyn-syms
      expect "the stack is protected" shows __stack_chk_fail "$lib.so" --dyn-syms
      expect "all symbols are bound at the start" shows BIND_NOW "$lib.so" --dynamic
      expect "relocated data is read-only" shows GNU_RELRO "$lib.so" --segments
      ;;
  esac

  return "$wrong"
}

build ()
{
  setup "$1" && meson compile -C "$scratch/$1" && look "$1"
}

use ()
{
  python3 tests/apps/examples/echo.py "$scratch/$1/tools/echo-server" "$scratch/$1/examples/echo"
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
    sed -n '/^# Usage:/,/^$/ s/^# \{0,1\}//p' tests/release/builds/run.sh >&2
    exit 2
  fi

  start=$SECONDS
  if build "$name" > "$scratch/$name.log" 2>&1; then
    printf '%-9s was built in %d s\n' "$name" $((SECONDS - start))
    built+=("$name")
  else
    cat "$scratch/$name.log"
    failed+=("$name")
  fi
done

# The tests of the examples mostly wait, so they run at the same time.
for name in "${built[@]}"; do
  use "$name" > "$scratch/$name.log" 2>&1 &
  users[$name]=$!
done

for name in "${built[@]}"; do
  if wait "${users[$name]}"; then
    printf '%-9s works\n' "$name"
  else
    cat "$scratch/$name.log"
    failed+=("$name")
  fi
done

if [ ${#failed[@]} -ne 0 ]; then
  echo "These builds have failed: ${failed[*]}"
  exit 1
fi

echo "All ${#built[@]} builds work"
