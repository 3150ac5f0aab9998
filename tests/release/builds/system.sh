#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tests/release/builds/system.sh [OPTION]... PART...
#
# Builds the working tree on another Debian system, and runs tests there: in a chroot that is made
# for it, as root on Debian. Each PART is one of tests/release/builds/part.sh, and is run by an
# ordinary user, without a network and with a source that is read-only. A part that fails does not
# keep the others from being run.
#
#   --release=RELEASE   such as trixie or sid; this machine's if it is not given
#   --arch=ARCH         such as i386; this machine's if it is not given
#   --output=DIR        where the logs are put: of each PART what it prints, as PART.txt, its exit
#                       status and seconds, as PART.status, and Meson's log, as PART.json
#   --expected=FILE     what is known to fail there: see .ci/expected-sid
#   --lock=FILE         several systems are made at a time, but their parts run one after the other,
#                       because tests that measure time need the machine for themselves
#   --cache=DIR         where downloads are kept, instead of ~/.cache/hb-websocket-debian
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

# Exits if the fault is ours: a name in install-packages.sh, or the script itself.
blame_ourselves ()
{
  if grep 'Unable to locate package' "$scratch/apt.log"; then
    fail "Debian $release does not have these packages any more; replace the names, or give" \
      "alternatives, in tools/install-packages.sh"
  fi

  grep -Eq '^E: |^install-packages: .*apt-get' "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "install-packages.sh has failed, although apt-get has not"
}

# Explains why apt has failed, and exits.
give_up ()
{
  blame_ourselves
  fail_for_now "$scratch/apt.log" "The packages cannot be installed on Debian $release (if that \
lasts, and one package is to blame, name it in .ci/expected-$release)"
}

# The few packages of the part library come for other architectures too.
list_packages ()
{
  if [ "${words[*]}" = library ]; then
    echo build
  else
    echo all-tests
  fi
}

# Fails unless apt can resolve the kinds of packages that are not installed here. It downloads
# nothing. Where faults of packages are expected, it only reports this, because no test needs them.
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

# A package that is left out, and that apt would install now, need not be left out any longer.
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

  # What the tests of the library would skip without
  enter "$root" apt-get -q -y install git libharfbuzz0b openssl python3 > "$scratch/apt.log" 2>&1 \
    || give_up
  reconsider_packages
}

# A copy of what git would take, so that the source can be edited meanwhile. No user can write to
# the copy.
copy_source ()
{
  mkdir "$root/source"
  copy_files "$source_root" "$root/source"
  # Some tests ask git which files are ours. It trusts no folder of another user than its own.
  [ ! -d "$source_root/.git" ] || cp -R "$source_root/.git" "$root/source"
  printf '[safe]\n\tdirectory = /source\n' >> "$root/etc/gitconfig"

  mount --bind "$root/source" "$root/source"
  mount -o remount,bind,ro "$root/source"
  enter "$root" install --directory --owner="$builder" --group="$builder" /build
}

# Tests of 64 bits would show nothing about a machine of 32.
is_for_machine ()
{
  [[ $architecture != i386 || $(LC_ALL=C readelf --file-header \
    "$root/build/library/lib/libhb-websocket-1.so") = *ELF32* ]]
}

# run_part PART: leaves its exit status in status
run_part ()
{
  local start=$SECONDS
  status=0

  say "$1, on Debian $release for $architecture"
  # A process that a test leaves behind must not keep the lock.
  enter_offline "$root" env HB_LEAVE_OUT="$left_out" HB_REQUIRE_NETNS=1 setarch "$machine" \
    /source/tests/release/builds/part.sh "$1" /build 2>&1 {lock_fd}>&- \
    | tee "$scratch/$1.txt" || status=$?
  if [ "$status" -eq 0 ] && ! is_for_machine; then
    echo "The library was not built for i386" | tee -a "$scratch/$1.txt"
    status=1
  fi
  echo "It took $((SECONDS - start)) s."

  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "$scratch/$1.txt" "$output"
    [ ! -f "$root/build/$1.json" ] || cp "$root/build/$1.json" "$output"
    echo "$status $((SECONDS - start))" > "$output/$1.status"
  fi
}

parse_options arch cache expected lock output release WORD -- "$@"
[ ${#words[@]} -gt 0 ] || { show_usage >&2; exit 2; }
need flock git readelf setarch
begin_chroots system "$@"
choose_archive "${arch:-$(dpkg --print-architecture)}" "$release"
machine=$(uname -m)
[ "$architecture" != i386 ] || machine=i386
root=$scratch/system

exec {lock_fd}> "${lock:-/dev/null}"
[ -z "$lock" ] || flock --shared "$lock_fd"
make_chroot system
copy_source
say "The packages are installed on Debian $release for $architecture"
install_packages
echo "It took $SECONDS s so far."

[ -z "$lock" ] || flock "$lock_fd"
failed=()
for part in "${words[@]}"; do
  run_part "$part"
  [ "$status" -eq 0 ] || failed+=("$part")
done

[ ${#failed[@]} -eq 0 ] || fail "on Debian $release for $architecture, these failed: ${failed[*]}"
say "All parts passed on Debian $release for $architecture. It took $SECONDS s."
