# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Functions for scripts in bash with `set -euo pipefail` that build something large, as root, in a
# temporary folder:
#
#   parse_options NAME... -- "$@"   sets $NAME for each --NAME=VALUE. Makes the paths $cache and
#                             $output absolute. If one of the names is WORD, appends arguments that
#                             do not begin with a hyphen to the array $words. For --help, and after
#                             a wrong argument, prints the usage and exits.
#   say MESSAGE               prints what the script does next
#   fail MESSAGE              prints what has failed, and exits
#   fail_with FILE MESSAGE    as fail, after the last lines of FILE
#   need PROGRAM...           fails unless root runs the script and the programs are installed
#   begin_scratch NAME        makes the folder $scratch, with NAME in its name. The folder is
#                             removed when the script ends.
#   remove FOLDER             removes a folder, but not file systems that are mounted in it
#   "${offline[@]}" COMMAND...   runs COMMAND with no network except the loopback interface
#   copy_files SOURCE FOLDER  copies the files of the working tree SOURCE that git does not ignore
#   make_tarball SOURCE       makes $tarball, a release of the commit that is checked out in SOURCE
#   show_tests LOG            prints the totals of the tests that Meson has run, or fails if none
#                             has passed

# The scripts use these variables.
# shellcheck disable=SC2034
scratch=
# shellcheck disable=SC2034
words=()

# The inner shell, not this one, expands "$@".
# shellcheck disable=SC2016
offline=(unshare --net sh -c 'ip link set lo up && exec "$@"' sh)

# Prints the comment at the top of the script, which describes its options.
show_usage ()
{
  sed -n '/^# Usage:/,/^$/ s/^# \{0,1\}//p' "$0"
}

parse_options ()
{
  local allowed=' ' argument name value

  while [ "$1" != -- ]; do
    allowed+="$1 "
    shift
  done
  shift

  for argument in "$@"; do
    name=WORD
    [[ $argument != -* ]] || name=${argument#--}
    name=${name%%=*}
    value=${argument#*=}

    if [[ $argument = -h || $argument = --help ]]; then
      show_usage
      exit 0
    elif [[ $allowed != *" $name "* || ($name != WORD && $argument != --*=?*) ]]; then
      show_usage >&2
      exit 2
    fi

    case "$name" in
      WORD) words+=("$argument") ;;
      cache | output) printf -v "$name" %s "$(realpath -m "$value")" ;;
      *) printf -v "$name" %s "$value" ;;
    esac
  done
}

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

  [ "$(id -u)" -eq 0 ] || fail "only root can do this; run the script with sudo"

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

copy_files ()
{
  git -C "$1" ls-files -z --cached --others --exclude-standard --deduplicate \
    | tar -C "$1" --null --files-from=- --ignore-failed-read -cf - \
    | tar -C "$2" --no-same-owner -xf -
}

make_tarball ()
{
  say "Making the tarball of $(git -C "$1" log -1 --format='%h, "%s"')"
  [ -z "$(git -C "$1" status --porcelain)" ] || echo "Changes that are not committed are left out."

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
