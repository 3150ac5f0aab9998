#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/bench/systems.sh [OPTION]... [-- OPTION of run.sh...]
#
# Runs tests/bench/run.sh on several releases of Debian, one after the other. Run the script as
# root. The release of this machine is measured directly, and the others in chroots. The figures are
# written to DIR/RELEASE.txt and DIR/RELEASE.jsonl.
#
#   --systems=RELEASES  the releases ('bookworm trixie sid')
#   --output=DIR        the folder for the figures (_build-bench/systems)
#   --old=COMMIT        measures the library of that commit too, after building it on each system
#   --cache=DIR         the folder for downloads, instead of
#                       ${XDG_CACHE_HOME:-~/.cache}/hb-websocket-debian
#
# For a first look: tests/bench/systems.sh -- --goals --rounds=1 --seconds=0.1
# For the pages:    tests/bench/systems.sh
#                   tests/bench/table.py _build-bench/systems/*.jsonl doc/performance.* \
#                     tests/bench/FIGURES.md

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/../..")
old=
output=$source_root/_build-bench/systems
systems='bookworm trixie sid'

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

# build_old FOLDER NAME [COMMAND...]: builds, in FOLDER, the library of the commit that --old names.
# COMMAND is a prefix of the build commands, such as one that enters a chroot. The build commands
# use NAME, which is empty for the root folder, as the path of FOLDER.
build_old ()
{
  [ -n "$old" ] || return 0

  mkdir "$1/old-source"
  git archive "$old" | tar -C "$1/old-source" -xf -
  "${@:3}" meson setup -Dbuildtype=release -Dexamples=false -Dintrospection=disabled \
    -Dtests=false -Dvapi=disabled "$2/old" "$2/old-source"
  "${@:3}" meson compile -C "$2/old"
}

measure_here ()
{
  build_old "$scratch" "$scratch"
  tests/bench/run.sh --output="$output/$1" ${old:+--old="$scratch/old"} "${options[@]}"
}

measure_in_chroot ()
{
  local root=$scratch/$1

  choose_archive "$(dpkg --print-architecture)" "$1"
  make_chroot "$1"
  mkdir "$root/source" "$root/build"
  copy_files . "$root/source"
  # The libraries for Node are the same on each system, so the script copies them, and the chroot
  # needs no npm.
  [ ! -d _build-bench/peers ] || cp -R _build-bench/peers "$root/build"
  enter "$root" env HB_LEAVE_OUT=npm /source/tools/install-packages.sh bench
  leave_archive
  build_old "$root" '' enter "$root"
  enter "$root" env HB_LEAVE_OUT=npm /source/tests/bench/run.sh --build-dir=/build \
    --output=/results ${old:+--old=/old} "${options[@]}"
  cp "$root/results.txt" "$output/$1.txt"
  cp "$root/results.jsonl" "$output/$1.jsonl"
}

own=()
for argument in "$@"; do
  [ "$argument" != -- ] || break
  own+=("$argument")
done
options=("${@:${#own[@]} + 2}")

parse_options cache old output systems -- "${own[@]}"
begin_chroots bench "$@"
cd "$source_root"
mkdir -p "$output"
# shellcheck source=/dev/null
here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

for system in $systems; do
  say "Measuring on Debian $system"
  if [ "$system" = "$here" ]; then
    measure_here "$system"
  else
    measure_in_chroot "$system"
  fi
done

say "The figures are in $output"
