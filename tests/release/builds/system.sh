#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/release/builds/system.sh [OPTION]... PART...
#
# Builds the working tree on another Debian system, and runs tests there. The script makes a chroot
# for the system, so it needs root on Debian. tests/release/builds/part.sh lists the values of PART.
# In the chroot, an ordinary user runs the parts, without a network and with a read-only source. If
# a part fails, the others still run.
#
#   --release=RELEASE   the release, such as trixie or sid, instead of that of this machine
#   --arch=ARCH         the architecture, such as i386, instead of that of this machine
#   --output=DIR        the folder for the logs of each PART: its output in PART.txt, its exit
#                       status and its duration in seconds in PART.status, and Meson's log, if any,
#                       in PART.json
#   --expected=FILE     the failures that are known on that system, as in .ci/expected-sid
#   --lock=FILE         lets several runs with the same FILE make their systems at the same time,
#                       but makes them run their parts one after the other. Tests that measure time
#                       need the whole machine.
#   --cache=DIR         the folder for downloads, instead of
#                       ${XDG_CACHE_HOME:-~/.cache}/hb-websocket-debian
#
# The exit status is 75 if the packages cannot be installed today, which happens in unstable.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/../../..")
arch=
expected=
left_out=
lock=
output=
release=

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

# Exits if the cause of the failure is a fault in install-packages.sh, and not in the archive.
blame_ourselves ()
{
  if grep 'Unable to locate package' "$scratch/apt.log"; then
    fail "Debian $release does not have these packages any more; replace the names, or give" \
      "alternatives, in tools/install-packages.sh"
  fi

  grep -Eq '^E: |^install-packages: .*apt-get' "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "install-packages.sh has failed, although apt-get has not"
}

give_up ()
{
  blame_ourselves
  fail_for_now "$scratch/apt.log" "The packages cannot be installed on Debian $release (if one \
package causes this for several days, name it in .ci/expected-$release)"
}

# The part `library` alone needs few packages, so it can also run on an architecture that lacks the
# others.
list_packages ()
{
  if [ "${words[*]}" = library ]; then
    echo build
  else
    echo all-tests
  fi
}

# Checks, without a download, that apt can resolve the packages that no test here needs. With
# --expected, a failure that this project does not cause is only reported.
resolve_packages ()
{
  local kind

  echo 'APT::Get::Print-URIs "true";' > "$root/etc/apt/resolve.conf"
  for kind in bench ci; do
    enter "$root" env APT_CONFIG=/etc/apt/resolve.conf HB_LEAVE_OUT="$left_out" \
      /source/tools/install-packages.sh "$kind" > "$scratch/apt.log" 2>&1 && continue

    blame_ourselves
    [ -n "$expected" ] || give_up
    grep '^install-packages: ' "$scratch/apt.log" || true
    echo "CANNOT BE INSTALLED: the packages that $kind lists in tools/install-packages.sh"
  done
}

reconsider_packages ()
{
  local package

  for package in $left_out; do
    ! enter "$root" apt-get -q install --print-uris "$package" > "$scratch/apt.log" 2>&1 \
      || echo "CAN BE INSTALLED AGAIN: $package; try it without its line in $expected"
  done
}

install_packages ()
{
  [ -z "$expected" ] \
    || left_out=$(awk '$1 == "package" { printf "%s ", $2 }' "$expected")
  [ -z "$left_out" ] || say "NOT INSTALLED, as $expected says: $left_out"
  [ "$(list_packages)" = build ] || resolve_packages

  enter "$root" env HB_LEAVE_OUT="$left_out" /source/tools/install-packages.sh "$(list_packages)" \
    > "$scratch/apt.log" 2>&1 || give_up
  grep '^Installing' "$scratch/apt.log" || true

  # Without libharfbuzz-dev and openssl, tests of the part `library` would be skipped.
  enter "$root" apt-get -q -y install git libharfbuzz-dev openssl python3 \
    > "$scratch/apt.log" 2>&1 || give_up
  reconsider_packages
}

# Makes a read-only copy of the source, so that the working tree can be edited while the parts run.
copy_source ()
{
  mkdir "$root/source"
  copy_files "$source_root" "$root/source"
  # The check `licences` runs reuse, which asks git for the files of the project. Without
  # `safe.directory`, git would refuse a folder of another user.
  [ ! -d "$source_root/.git" ] || cp -R "$source_root/.git" "$root/source"
  printf '[safe]\n\tdirectory = /source\n' >> "$root/etc/gitconfig"

  mount --bind "$root/source" "$root/source"
  mount -o remount,bind,ro "$root/source"
  enter "$root" install --directory --owner="$builder" --group="$builder" /build
}

# is_for_machine PART: on i386, returns whether the part has tested a 32-bit library
is_for_machine ()
{
  local folder=$1

  # These parts use the build of the part plain.
  [[ $1 != valgrind && $1 != example ]] || folder=plain
  [[ $architecture != i386 || $(LC_ALL=C readelf --file-header \
    "$root/build/$folder/lib/libhb-websocket-1.so") = *ELF32* ]]
}

# run_part PART: runs the part, copies its logs, and sets status
run_part ()
{
  local start=$SECONDS
  status=0

  say "$1, on Debian $release for $architecture"
  # The part does not inherit the lock, because a process that a test leaves behind would keep it.
  enter_offline "$root" env HB_LEAVE_OUT="$left_out" HB_REQUIRE_NETNS=1 setarch "$machine" \
    /source/tests/release/builds/part.sh "$1" /build 2>&1 {lock_fd}>&- \
    | tee "$scratch/$1.txt" || status=$?
  if [ "$status" -eq 0 ] && ! is_for_machine "$1"; then
    echo "The library was not built for i386" | tee -a "$scratch/$1.txt"
    status=1
  fi
  echo "This step took $((SECONDS - start)) s."

  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "$scratch/$1.txt" "$output"
    [ ! -f "$root/build/$1.json" ] || cp "$root/build/$1.json" "$output"
    echo "$status $((SECONDS - start))" > "$output/$1.status"
  fi
}

parse_options arch cache expected lock output release WORD -- "$@"
[ ${#words[@]} -gt 0 ] || { show_usage >&2; exit 2; }
need git readelf setarch
begin_chroots system "$@"
choose_archive "${arch:-$(dpkg --print-architecture)}" "$release"
machine=$(uname -m)
[ "$architecture" != i386 ] || machine=i386
root=$scratch/system

exec {lock_fd}> "${lock:-/dev/null}"
[ -z "$lock" ] || flock --shared "$lock_fd"
make_chroot system
copy_source
say "Installing the packages on Debian $release for $architecture"
install_packages
leave_archive
echo "The steps have taken $SECONDS s so far."

[ -z "$lock" ] || flock "$lock_fd"
failed=()
for part in "${words[@]}"; do
  run_part "$part"
  [ "$status" -eq 0 ] || failed+=("$part")
done

[ ${#failed[@]} -eq 0 ] \
  || fail "on Debian $release for $architecture, these parts failed: ${failed[*]}"
say "All parts passed on Debian $release for $architecture. All steps took $SECONDS s."
