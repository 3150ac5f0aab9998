# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Functions for scripts that need Debian systems with few packages. The systems are chroots in
# $scratch, made from the mirror that this machine's apt uses. A script in bash with
# `set -euo pipefail` sources this file, and can then call these functions and those of
# scratch.bash:
#
#   begin_chroots NAME "$@"   restarts the script in a mount namespace of its own, with the
#                             arguments "$@", and then calls begin_scratch NAME; parse the
#                             arguments before this call
#   choose_archive ARCH [RELEASE]   chooses the architecture and the release (such as trixie or sid)
#                             of the systems, by default the release of this machine. Waits while
#                             another script uses the same packages.
#   leave_archive             lets other scripts use these packages. Call it after the last package
#                             has been installed.
#   make_chroot NAME          makes $scratch/NAME, a system with little more than the essential
#                             packages and apt; ends the script with the exit status 75 if packages
#                             cannot be installed
#   enter ROOT COMMAND...     runs COMMAND as root in the system at ROOT
#   enter_offline ROOT COMMAND...   runs COMMAND as the user $builder in the system at ROOT,
#                             without a network
#
# The folder $cache keeps the downloaded packages, and an unchanged system for each release and
# architecture.

# shellcheck source=tools/scratch.bash
. "$(dirname "${BASH_SOURCE[0]}")/scratch.bash"

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hb-websocket-debian

# As on Debian's own build machines, the home directory of this user does not exist.
builder=builder

begin_chroots ()
{
  local name=$1
  shift

  need apt-get debootstrap flock ip nsenter unshare

  # The kernel removes the mounts in the script's own namespace even if the script is killed.
  if [ -z "${HB_OUTER_MOUNTS:-}" ]; then
    exec {outer_mounts}< /proc/self/ns/mnt
    HB_OUTER_MOUNTS=$outer_mounts exec unshare --mount --propagation=private "$0" "$@"
  fi

  begin_scratch "$name"
  mkdir -p "$cache"
}

# Replaces the function of scratch.bash. Outside the script's mount namespace, nothing is mounted in
# the folder, so rm cannot remove files of a mounted file system.
remove ()
{
  nsenter --mount="/proc/self/fd/$HB_OUTER_MOUNTS" rm -rf --one-file-system "$1"
}

# Prints where this machine's apt finds Debian's packages, as lines of a sources.list.
list_sources ()
{
  # apt-get, not the shell, expands the names in parentheses.
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u
}

choose_archive ()
{
  architecture=$1

  # On unstable, /etc/os-release has the name of the next release, which the mirror may not have, so
  # the name is read from apt's sources. A name such as "trixie-updates" is not a release.
  read -r mirror host_release < <(list_sources | awk '$3 !~ /-/ { print $2, $3; exit }') || true
  [ -n "${mirror:-}" ] || fail "apt has no list of Debian's packages; run apt-get update first"

  release=${2:-$host_release}
  # Earlier versions of this script kept systems with more packages, in files without "minimal" in
  # their names.
  base=$cache/$release-$architecture-minimal.tar
  # Scripts for other systems may run at the same time, so each system has its own folder and lock.
  archives=$cache/archives/$release-$architecture

  [ -z "${archive_fd:-}" ] || exec {archive_fd}>&-
  mkdir -p "$cache/archives"
  exec {archive_fd}> "$archives.lock"
  flock --nonblock "$archive_fd" || {
    say "Waiting for another script that installs packages of Debian $release for $architecture"
    flock "$archive_fd"
  }
}

leave_archive ()
{
  flock --unlock "$archive_fd"
}

# A proxy may be set in the configuration of this machine's apt or in the environment.
list_apt_settings ()
{
  apt-config dump --format '%f "%v";%n' Acquire::http::Proxy Acquire::https::Proxy
  [ -z "${http_proxy:-}" ] || echo "Acquire::http::Proxy \"$http_proxy\";"
  [ -z "${https_proxy:-}" ] || echo "Acquire::https::Proxy \"$https_proxy\";"
  echo 'APT::Keep-Downloaded-Packages "true";'
  echo 'APT::Install-Recommends "false";'
  echo 'Acquire::Languages "none";'
}

# A process that the command leaves behind must not keep the lock of the archive.
enter ()
{
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$@" < /dev/null {archive_fd}>&-
}

# Tests and sandboxes need user namespaces, which the kernel does not allow in a chroot, so the
# command gets a mount namespace with the root ROOT.
enter_offline ()
{
  local root=$1

  shift
  # The inner shell expands its own arguments.
  # shellcheck disable=SC2016
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 "${offline[@]}" \
    unshare --mount sh -c 'mount --rbind "$1" "$1" && cd "$1" && pivot_root . . && umount -l . \
      && cd / && shift && exec "$@"' sh "$root" \
    setpriv --reuid="$builder" --regid="$builder" --clear-groups "$@" < /dev/null {archive_fd}>&-
}

# fail_for_now FILE MESSAGE: like fail_with, but with the exit status 75, because the mirror is
# probably at fault
fail_for_now ()
{
  tail -n 20 "$1" >&2
  echo "$2 from $mirror, probably because of a fault of the mirror; try again later" >&2
  exit 75
}

make_base ()
{
  local root=$scratch/base include=apt-utils

  say "Making a chroot of Debian $release for $architecture, which is kept for the next time"
  mkdir -p "$archives/debootstrap" "$root/etc/dpkg/dpkg.cfg.d"
  # The chroots are temporary, so dpkg need not wait for the disk.
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  # If ca-certificates were always installed, a missing dependency on it would not be noticed.
  [[ $mirror != https:* ]] || include+=,ca-certificates
  debootstrap --variant=minbase --include="$include" --arch="$architecture" \
    --cache-dir="$archives/debootstrap" "$release" "$root" "$mirror" > "$scratch/debootstrap.log" \
    || fail_for_now "$scratch/debootstrap.log" "debootstrap cannot install Debian $release"

  enter "$root" useradd --home-dir=/nonexistent --no-create-home "$builder"
  # This file keeps packages from starting services in the chroot.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"

  tar --numeric-owner --one-file-system -C "$root" -cf "$base.new" .
  mv "$base.new" "$base"
  remove "$root"
}

# moves ROOT: returns whether the packages of ROOT's release change from day to day. Only a stable
# release has a version number.
moves ()
{
  ! grep -q '^VERSION_ID=' "$1/etc/os-release"
}

# list_chroot_sources ROOT: prints this machine's sources for $release, but only the component main
# if the release moves
list_chroot_sources ()
{
  if moves "$1"; then
    echo "deb $mirror $release main"
  else
    list_sources | awk -v from="$host_release" -v to="$release" \
      '{ $3 = to substr ($3, length (from) + 1); print }'
  fi
}

# list_chroot_settings ROOT
list_chroot_settings ()
{
  list_apt_settings
  # The lists of a release that moves are valid for a week, but a mirror may have older lists. apt
  # still checks their signatures.
  ! moves "$1" || echo 'Acquire::Check-Valid-Until "false";'
}

# bring_up_to_date ROOT: updates the chroot. If "apt-get update" fails, usually because the mirror
# has only some of the latest updates, uses the release without updates, and writes a message to
# file descriptor 3.
bring_up_to_date ()
{
  list_chroot_sources "$1" > "$1/etc/apt/sources.list"
  if ! enter "$1" apt-get -q update; then
    echo "deb $mirror $release main" > "$1/etc/apt/sources.list"
    enter "$1" apt-get -q update || return
    echo "Debian $release is used without updates, because the mirror has only a part of them" >&3
  fi

  enter "$1" apt-get -q autoclean && enter "$1" apt-get -q -y dist-upgrade
}

make_chroot ()
{
  local root=$scratch/$1

  [ -f "$base" ] || make_base
  mkdir "$root"
  tar --numeric-owner -C "$root" -xf "$base"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mkdir -p "$archives"
  mount --bind "$archives" "$root/var/cache/apt/archives"

  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  list_chroot_settings "$root" > "$root/etc/apt/apt.conf.d/90chroot"
  bring_up_to_date "$root" 3>&1 > "$scratch/apt.log" 2>&1 \
    || fail_for_now "$scratch/apt.log" "Debian $release cannot be brought up to date"
}
