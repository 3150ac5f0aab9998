#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: doc/packaging/debian-build.sh [--cache=DIR] [--output=DIR]
#
# Makes the Debian packages of what is committed, and tries them, as root and on Debian:
#
#  1. meson dist makes the tarball of the release, and debian/ is taken from it;
#  2. dpkg-buildpackage builds in a chroot that has what debian/control asks for and nothing else,
#     not as root and without a network;
#  3. lintian looks at all that has come of it, and must have nothing to say;
#  4. autopkgtest runs the tests of debian/tests/control, the installed tests among them, in a
#     chroot that has the new packages and what they depend on;
#  5. all of the packages are installed together there, and removed without a trace.
#
# The chroots are made from the archive that this machine's apt is set up for. What has been
# downloaded for them is kept in DIR, or else in ~/.cache/hb-websocket-debian. With --output, the
# packages are put into DIR. Nothing else stays, and nothing is written to the source.

set -euo pipefail

script=$(realpath "$0")
source_root=$(realpath "$(dirname "$0")/../..")
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hb-websocket-debian
output=
scratch=
mounts=()

# It builds, and runs the tests. Its home is not there, as with the machines of Debian.
builder=builder

say ()
{
  printf '\n--- %s\n' "$*"
}

fail ()
{
  printf 'debian-build: %s\n' "$*" >&2
  exit 1
}

parse_arguments ()
{
  local argument

  for argument in "$@"; do
    case "$argument" in
      --cache=*) cache=$(realpath -m "${argument#--cache=}") ;;
      --output=*) output=$(realpath -m "${argument#--output=}") ;;
      -h | --help)
        sed -n 's/^# \{0,1\}//; 4,20p' "$script"
        exit 0
        ;;
      *)
        echo "Usage: doc/packaging/debian-build.sh [--cache=DIR] [--output=DIR]" >&2
        exit 2
        ;;
    esac
  done
}

check_machine ()
{
  local program missing=()

  [ "$(id -u)" -eq 0 ] || fail "a chroot can be made by root alone; run it with sudo"

  for program in apt-get autopkgtest debootstrap dpkg-source git ip lintian meson setpriv unshare
  do
    command -v "$program" > /dev/null || missing+=("$program")
  done
  [ ${#missing[@]} -eq 0 ] || fail "these programs are missing: ${missing[*]}"
}

# Its mounts are its own, so that they are gone with it even if it is killed.
take_own_mounts ()
{
  if [ "${HB_OWN_MOUNTS:-}" != 1 ]; then
    HB_OWN_MOUNTS=1 exec unshare --mount --propagation=private "$script" "$@"
  fi
}

unmount_all ()
{
  local i

  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
    umount --recursive --lazy "${mounts[i]}"
  done
  mounts=()
}

clean_up ()
{
  unmount_all
  [ -z "$scratch" ] || rm -rf --one-file-system "$scratch"
}

# add_mount PLACE ARGUMENT...: of mount
add_mount ()
{
  mount "${@:2}" "$1"
  mounts+=("$1")
}

# The archive that apt knows, as lines of a sources.list
list_sources ()
{
  # What is in parentheses is for apt-get.
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u
}

find_archive ()
{
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
  architecture=$(dpkg --print-architecture)
  mirror=$(list_sources | awk -v codename="$codename" '$3 == codename { print $2; exit }')
  base=$cache/$codename-$architecture.tar

  [ -n "$mirror" ] || fail "apt knows no archive of Debian $codename; is apt-get update missing?"
}

# A proxy may be known to apt, or in the environment.
list_apt_settings ()
{
  apt-config dump --format '%f "%v";%n' Acquire::http::Proxy Acquire::https::Proxy
  [ -z "${http_proxy:-}" ] || echo "Acquire::http::Proxy \"$http_proxy\";"
  [ -z "${https_proxy:-}" ] || echo "Acquire::https::Proxy \"$https_proxy\";"
  # The packages stay in the cache, and less is put into a chroot than on a desktop.
  echo 'APT::Keep-Downloaded-Packages "true";'
  echo 'APT::Install-Recommends "false";'
}

# enter ROOT COMMAND...
enter ()
{
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$@" < /dev/null
}

# The same, but not as root, and without a network but for the loopback interface
enter_offline ()
{
  local root=$1

  shift
  # The inner shell has arguments of its own.
  # shellcheck disable=SC2016
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 \
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh \
    chroot --userspec="$builder:$builder" "$root" "$@" < /dev/null
}

make_base ()
{
  local root=$scratch/base

  say "A chroot of Debian $codename is made, for this time and the next ones"
  mkdir -p "$cache/debootstrap"
  debootstrap --variant=minbase --include=apt-utils,ca-certificates \
    --cache-dir="$cache/debootstrap" "$codename" "$root" "$mirror" > "$scratch/debootstrap.log" \
    || { tail -n 20 "$scratch/debootstrap.log" >&2; fail "debootstrap has failed"; }

  enter "$root" useradd --home-dir=/nonexistent --no-create-home "$builder"
  # It lasts as long as the script: no need to wait for the disk.
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  # No service is started in a chroot.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"

  tar --numeric-owner --one-file-system -C "$root" -cf "$base.new" .
  mv "$base.new" "$base"
  rm -rf --one-file-system "$root"
}

# make_chroot NAME: in the scratch directory, up to date
make_chroot ()
{
  local root=$scratch/$1

  mkdir "$root"
  tar --numeric-owner -C "$root" -xf "$base"
  add_mount "$root/proc" -t proc proc
  add_mount "$root/dev" --rbind /dev
  mkdir -p "$cache/archives"
  add_mount "$root/var/cache/apt/archives" --bind "$cache/archives"

  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  list_sources > "$root/etc/apt/sources.list"
  list_apt_settings > "$root/etc/apt/apt.conf.d/90chroot"
  enter "$root" apt-get -qq update
  enter "$root" apt-get -qq dist-upgrade > /dev/null
}

make_source ()
{
  local name

  say "meson dist makes the tarball of $(git -C "$source_root" log -1 --format='%h, "%s"')"
  [ -z "$(git -C "$source_root" status --porcelain)" ] || echo "What is not committed is left out."

  meson setup "$scratch/meson" "$source_root" -Dexamples=false -Dintrospection=disabled \
    -Dtests=false -Dvapi=disabled > "$scratch/setup.log" \
    || { tail -n 20 "$scratch/setup.log" >&2; fail "meson setup has failed"; }
  meson dist -C "$scratch/meson" --no-tests --allow-dirty --formats=xztar

  name=$(cd "$scratch/meson/meson-dist" && echo hb-websocket-*.tar.xz)
  name=${name%.tar.xz}
  mkdir "$scratch/source"
  mv "$scratch/meson/meson-dist/$name.tar.xz" \
    "$scratch/source/${name/hb-websocket-/hb-websocket_}.orig.tar.xz"
  tar -C "$scratch/source" -xf "$scratch/source/${name/hb-websocket-/hb-websocket_}.orig.tar.xz"
  tree=$scratch/source/$name
  cp -a "$tree/doc/packaging/debian" "$tree/debian"
}

build ()
{
  local root=$scratch/build-chroot start=$SECONDS

  say "What debian/control asks for is installed into a chroot"
  make_chroot build-chroot
  mv "$scratch/source" "$root/source"
  tree=/source/${tree##*/}
  enter "$root" apt-get -qq build-dep "$tree" > "$scratch/apt.log" \
    || { tail -n 20 "$scratch/apt.log" >&2; fail "there is no such thing in the archive"; }
  enter "$root" chown -R "$builder:$builder" /source
  echo "It took $((SECONDS - start)) s."

  say "dpkg-buildpackage builds, without a network"
  start=$SECONDS
  enter_offline "$root" env --chdir="$tree" dpkg-buildpackage --no-sign \
    > "$scratch/build.log" 2>&1 \
    || { tail -n 100 "$scratch/build.log" >&2; fail "dpkg-buildpackage has failed"; }
  grep -E '^(Ok|Fail|Timeout|Skipped):' "$scratch/build.log" || true
  echo "It took $((SECONDS - start)) s."

  rm -rf "${root:?}$tree"
  mv "$root/source" "$scratch/packages"
  chown -R root:root "$scratch/packages"
  unmount_all
  rm -rf --one-file-system "$root"
  ls "$scratch/packages"

  # Even if something is found to be wrong with them
  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "$scratch"/packages/* "$output"
  fi
}

check_with_lintian ()
{
  # There is no intent to package (ITP) before somebody in Debian has it, who is to be reminded.
  local itp=initial-upload-closes-no-bugs start=$SECONDS

  say "lintian looks at the packages"
  # It does not want to be root, and so has to be let in. With --show-overrides, it would fail for
  # what is overridden too.
  chmod 755 "$scratch"
  setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent LC_ALL=C.UTF-8 \
    lintian --display-info --pedantic --suppress-tags="$itp" \
    --fail-on=error,warning,info,pedantic "$scratch"/packages/*.changes \
    || fail "lintian has found something"
  echo "It took $((SECONDS - start)) s."
}

test_packages ()
{
  local root=$scratch/test-chroot start=$SECONDS status=0

  say "autopkgtest tries the packages in another chroot"
  make_chroot test-chroot
  autopkgtest --quiet --user="$builder" --output-dir="$scratch/tests" --no-built-binaries \
    "$scratch"/packages/*.deb "$scratch"/packages/*.dsc -- chroot "$root" \
    > "$scratch/tests.log" 2>&1 || status=$?
  cat "$scratch/tests/summary" || true
  # 2 is for tests that were skipped, and 8 for none at all.
  if [ "$status" -ne 0 ]; then
    awk '$2 == "FAIL" { print $1 }' "$scratch/tests/summary" | while read -r name; do
      tail -n 40 "$scratch/tests/$name"-std* >&2
    done
    tail -n 20 "$scratch/tests.log" >&2
    fail "autopkgtest has ended with $status"
  fi
  echo "It took $((SECONDS - start)) s."
}

install_and_remove ()
{
  local root=$scratch/test-chroot packages left

  say "All packages are installed together, and removed"
  mkdir "$root/packages"
  cp "$scratch"/packages/*.deb "$root/packages"
  mapfile -t packages < <(cd "$root/packages" && ls -- *.deb)
  enter "$root" apt-get -qq install --reinstall "${packages[@]/#//packages/}" > "$scratch/apt.log" \
    || { tail -n 20 "$scratch/apt.log" >&2; fail "the packages cannot be installed together"; }
  enter "$root" apt-get -qq purge "${packages[@]%%_*}" > "$scratch/apt.log" \
    || { tail -n 20 "$scratch/apt.log" >&2; fail "the packages cannot be removed"; }

  left=$(find "$root/etc" "$root/usr" "$root/var/lib" -not -path "$root/var/lib/apt/*" \
    \( -name '*hb-websocket*' -o -name 'hb-cat*' -o -name 'Hb-1.*' \) -printf '/%P\n')
  [ -z "$left" ] || fail "this is left of them: $left"
  echo "${#packages[@]} packages"
}

parse_arguments "$@"
check_machine
take_own_mounts "$@"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/hb-websocket-debian-XXXXXX")
find_archive
make_source
mkdir -p "$cache"
[ -f "$base" ] || make_base
build
check_with_lintian
test_packages
install_and_remove

say "The packages are in order. It took $SECONDS s."
