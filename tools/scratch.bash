# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# For scripts that make something big, as root, in a folder that goes with them. To be sourced by a
# script in bash with `set -euo pipefail`:
#
#   say MESSAGE               what is done next
#   fail MESSAGE              and leave
#   fail_with FILE MESSAGE    the same, after the end of what has been written there
#   need PROGRAM...           or fail; root is needed too
#   begin_scratch NAME        makes $scratch, a folder whose name has NAME in it
#   remove FOLDER             before the end of the script, if there is much in it
#   "${offline[@]}" COMMAND...   runs COMMAND without a network but for the loopback interface
#   make_tarball SOURCE       makes $tarball, the release, of what is committed there
#   show_tests LOG            what Meson says there of the tests that it has run, or fail if none

# What is set here is for the scripts.
# shellcheck disable=SC2034
scratch=

# The inner shell has arguments of its own.
# shellcheck disable=SC2016
offline=(unshare --net sh -c 'ip link set lo up && exec "$@"' sh)

say ()
{
  printf '\n--- %s\n' "$*"
}

fail ()
{
  printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
  exit 1
}

fail_with ()
{
  tail -n 20 "$1" >&2
  fail "$2"
}

need ()
{
  local program missing=()

  [ "$(id -u)" -eq 0 ] || fail "root alone can do that; run it with sudo"

  for program in "$@"; do
    command -v "$program" > /dev/null || missing+=("$program")
  done
  [ ${#missing[@]} -eq 0 ] || fail "these programs are missing: ${missing[*]}"
}

remove ()
{
  rm -rf --one-file-system "$1"
}

clean_up ()
{
  [ -z "$scratch" ] || remove "$scratch"
}

begin_scratch ()
{
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/hb-websocket-$1-XXXXXX")
}

make_tarball ()
{
  say "meson dist makes the tarball of $(git -C "$1" log -1 --format='%h, "%s"')"
  [ -z "$(git -C "$1" status --porcelain)" ] || echo "What is not committed is left out."

  meson setup "$scratch/meson" "$1" -Dexamples=false -Dintrospection=disabled -Dtests=false \
    -Dvapi=disabled > "$scratch/setup.log" \
    || fail_with "$scratch/setup.log" "meson setup has failed"
  meson dist -C "$scratch/meson" --no-tests --allow-dirty --formats=xztar
  tarball=$(echo "$scratch"/meson/meson-dist/*.tar.xz)
}

show_tests ()
{
  grep -E '^Ok: +[1-9]' "$1" || fail "no test has been run"
  grep -E '^(Fail|Timeout|Skipped):' "$1" || true
}
