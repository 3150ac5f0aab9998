# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# For scripts that need a Debian in which there is nothing but what they put there: chroots, in a
# folder that goes with the script, from the archive that this machine's apt is set up for. Nothing
# is installed on the machine itself. To be sourced by a script in bash with `set -euo pipefail`,
# which then has what scratch.bash tells of as well:
#
#   begin_chroots NAME "$@"   as begin_scratch NAME; after looking at the arguments, with which the
#                             script starts anew
#   choose_archive ARCH       that of this Debian, for machines of that kind
#   make_chroot NAME          makes $scratch/NAME, a Debian of packages that every Debian has
#   enter ROOT COMMAND...     runs COMMAND there, as root
#   enter_offline ROOT COMMAND...   the same, not as root, and without a network
#
# What has been downloaded is kept in $cache.

# shellcheck source=tools/scratch.bash
. "$(dirname "${BASH_SOURCE[0]}")/scratch.bash"

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hb-websocket-debian

# It builds, and runs the tests. Its home is not there, as with the machines of Debian.
builder=builder

begin_chroots ()
{
  local name=$1
  shift

  need apt-get debootstrap ip nsenter unshare

  # Its mounts are its own, so that they are gone with it even if it is killed.
  if [ -z "${HB_OUTER_MOUNTS:-}" ]; then
    exec {outer_mounts}< /proc/self/ns/mnt
    HB_OUTER_MOUNTS=$outer_mounts exec unshare --mount --propagation=private "$0" "$@"
  fi

  begin_scratch "$name"
  mkdir -p "$cache"
}

# In the place of the other: as the folder is seen from where the script was started, where nothing
# is mounted in it. So nothing that is mounted here can be reached, and the kernel unmounts it all.
remove ()
{
  nsenter --mount="/proc/self/fd/$HB_OUTER_MOUNTS" rm -rf --one-file-system "$1"
}

# The archive that apt knows, as lines of a sources.list
list_sources ()
{
  # What is in parentheses is for apt-get.
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u
}

choose_archive ()
{
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
  architecture=$1
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

enter ()
{
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$@" < /dev/null
}

enter_offline ()
{
  local root=$1

  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 "${offline[@]}" \
    chroot --userspec="$builder:$builder" "$root" "$@" < /dev/null
}

make_base ()
{
  local root=$scratch/base

  say "A chroot of Debian $codename for $architecture is made, for this time and the next ones"
  mkdir -p "$cache/debootstrap" "$root/etc/dpkg/dpkg.cfg.d"
  # It lasts as long as the script: no need to wait for the disk.
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  debootstrap --variant=minbase --include=apt-utils,ca-certificates --arch="$architecture" \
    --cache-dir="$cache/debootstrap" "$codename" "$root" "$mirror" > "$scratch/debootstrap.log" \
    || fail_with "$scratch/debootstrap.log" "debootstrap has failed"

  enter "$root" useradd --home-dir=/nonexistent --no-create-home "$builder"
  # No service is started in a chroot.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"

  tar --numeric-owner --one-file-system -C "$root" -cf "$base.new" .
  mv "$base.new" "$base"
  remove "$root"
}

make_chroot ()
{
  local root=$scratch/$1

  [ -f "$base" ] || make_base
  mkdir "$root"
  tar --numeric-owner -C "$root" -xf "$base"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mkdir -p "$cache/archives"
  mount --bind "$cache/archives" "$root/var/cache/apt/archives"

  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  list_apt_settings > "$root/etc/apt/apt.conf.d/90chroot"
}
