#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tools/install-packages.sh build|monitor|test|all-tests|bench|ci
#
# Installs the packages that are missing for one purpose:
#
#   build       to build the library, the tools and the examples in C
#   monitor     as for build, and to build the monitor
#   test        as for build, and to use the bindings and run most tests
#   all-tests   to run all tests that this release of the system supports
#   bench       to run the benchmarks
#   ci          to run .ci/run
#
# If no package is missing, the script prints nothing and needs no root privileges. On systems other
# than Debian, Ubuntu, Fedora and those derived from them, it installs nothing, and fails if a
# program or a library that the build needs is missing.
#
# The script does not install the packages that the environment variable HB_LEAVE_OUT names. The
# tests that need them are skipped.

set -euo pipefail

needed="a C compiler, pkg-config, meson 1.0 or later with ninja, and the development files of \
GLib 2.74 or later, libsoup 3.2 or later and, for the examples and tools, json-glib 1.6 or later"

# "ONE|OTHER" stands for alternatives (see find_missing). No other name contains a version that
# differs between the releases.
debian_build=(ca-certificates gcc gettext glib-networking libc6-dev libglib2.0-dev
              libjson-glib-dev libsoup-3.0-dev meson ninja-build 'pkgconf|pkg-config')
debian_test=(binutils g++ 'gir1.2-glib-2.0-dev|libgirepository1.0-dev' gir1.2-soup-3.0 gjs
             gobject-introspection libharfbuzz-gobject0 libharfbuzz0b openssl python3 python3-gi
             python3-websockets valac)
debian_bench=(libssl-dev libwebsockets-dev)
debian_monitor=(libadwaita-1-dev libgtk-4-dev)
debian_all_tests=("${debian_monitor[@]}" adwaita-icon-theme appstream bash-completion
                  chromium chromium-driver clang dbus-daemon desktop-file-utils fish flatpak-builder
                  fonts-cantarell gcovr gi-docgen git gnome-desktop-testing groff iproute2
                  libclang-rt-dev libglib2.0-doc librsvg2-common libsoup-3.0-doc libssl-dev
                  libxtst-dev man-db mandoc mosquitto nftables node-ws python3-selenium reuse
                  valgrind x11-utils xvfb zsh)
debian_ci=("${debian_all_tests[@]}" autopkgtest debootstrap dpkg-dev shellcheck)

fedora_build=(ca-certificates gcc gettext glib-networking glib2-devel json-glib-devel
              libsoup3-devel meson ninja-build pkgconf-pkg-config)
fedora_test=(binutils gcc-c++ gjs gobject-introspection-devel harfbuzz openssl python3
             python3-gobject python3-websockets vala)
fedora_bench=(libwebsockets-devel openssl-devel)
fedora_monitor=(gtk4-devel libadwaita-devel)
fedora_all_tests=("${fedora_monitor[@]}" abattis-cantarell-fonts adwaita-icon-theme appstream
                  bash-completion chromedriver chromium clang compiler-rt dbus-daemon
                  desktop-file-utils fish flatpak-builder gcovr gi-docgen git glib2-doc
                  gnome-desktop-testing groff iproute libasan librsvg2 libsoup3-doc
                  libubsan libXtst-devel man-db mandoc mosquitto nftables openssl-devel
                  python3-selenium reuse valgrind xorg-x11-server-Xvfb xwininfo
                  zsh)
fedora_ci=("${fedora_all_tests[@]}" ShellCheck)

# These packages are needed only if npm has not been installed by other means.
if ! command -v npm > /dev/null; then
  debian_bench+=(nodejs npm)
  debian_ci+=(nodejs npm)
  fedora_bench+=(nodejs npm)
  fedora_ci+=(nodejs npm)
fi

fail ()
{
  echo "install-packages: $*" >&2
  exit 1
}

as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# check_rights INSTALLER install PACKAGE...: fails at once if sudo cannot be used
check_rights ()
{
  [ "$(id -u)" -ne 0 ] || return 0

  command -v sudo > /dev/null \
    || fail "packages are missing, and sudo is not installed; as root, run: $*"
  sudo -n true 2> /dev/null || { : < /dev/tty; } 2> /dev/null \
    || fail "packages are missing, and sudo has no terminal to ask for a password; as root, run: $*"
}

# take_rights INSTALLER install PACKAGE...: lets sudo ask for a password, if sudo needs one
take_rights ()
{
  [ "$(id -u)" -eq 0 ] || sudo -n true 2> /dev/null || sudo -v \
    || fail "packages are missing, and sudo does not let you install them; as root, run: $*"
}

is_left_out ()
{
  [[ " ${HB_LEAVE_OUT:-} " = *" $1 "* ]]
}

is_installed ()
{
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

is_known ()
{
  [[ $(LC_ALL=C apt-cache policy "$1" 2> /dev/null) = *'Candidate: '[!\(]* ]]
}

# Sets $missing to the packages that must be installed: of alternatives, the first that apt knows
# or, if apt knows none, the first.
find_missing ()
{
  local alternatives name names chosen
  missing=()

  for alternatives in "$@"; do
    IFS='|' read -r -a names <<< "$alternatives"
    chosen=${names[0]}
    for name in "${names[@]}"; do
      if is_left_out "$name" || is_installed "$name"; then
        continue 2
      fi
    done
    for name in "${names[@]}"; do
      ! is_known "$name" || { chosen=$name; break; }
    done
    missing+=("$chosen")
  done
}

# get_reason LOG: prints, on one line, why apt-get has failed
get_reason ()
{
  sed -n '/^[EW]: / { s/^[EW]: \(Failed to fetch \)\{0,1\}//; s/  */ /g; p; q }' "$1"
}

# Prints what will be installed. Fails if apt-get cannot know that, for example before it has
# updated its lists.
announce ()
{
  local count size space

  LC_ALL=C apt-get install --print-uris --no-install-recommends "${missing[@]}" \
    > "$scratch/plan" 2>&1 || return 1
  count=$(sed -n 's/.* \([0-9]*\) newly installed.*/\1/p' "$scratch/plan")
  size=$(sed -n 's/^Need to get \(.*\) of archives\.$/\1/p' "$scratch/plan")
  space=$(sed -n 's/^After this operation, \(.*\) of additional.*/\1/p' "$scratch/plan")
  echo "Installing $count packages (download: ${size:-0 B}, disk space: ${space:-0 B}):" \
    "${missing[*]}, and their dependencies" >&2
}

# Updates apt's lists of packages. If apt can reach no server, sets $unreachable to the reason.
update_lists ()
{
  unreachable=
  # Without a network, each retry would only take time.
  as_root env LC_ALL=C apt-get update -q -o Acquire::Retries=0 > "$scratch/update" 2>&1 \
    < /dev/null || true
  if ! grep -Eq '^(Get|Hit):' "$scratch/update"; then
    unreachable=$(get_reason "$scratch/update")
  fi
}

install_debian ()
{
  local missing announced='' unreachable

  find_missing "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  check_rights apt-get install "${missing[@]}"

  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  ! announce || announced=yes
  take_rights apt-get install "${missing[@]}"
  update_lists
  find_missing "$@"

  if [ -n "$unreachable" ]; then
    fail "packages are missing, and apt-get cannot download them ($unreachable); connect this" \
      "machine to the network and try again, or install them by other means: ${missing[*]}"
  fi
  [ -n "$announced" ] || announce \
    || fail "apt-get cannot install ${missing[*]}, because: $(get_reason "$scratch/plan")" \
         "$(get_reason "$scratch/update")"

  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 < /dev/null \
    || fail "apt-get has failed for the reason above; if it is the network, try again later"
}

install_fedora ()
{
  local missing=() package

  for package in "$@"; do
    is_left_out "$package" || rpm -q --whatprovides "$package" > /dev/null 2>&1 \
      || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  check_rights dnf install "${missing[@]}"
  take_rights dnf install "${missing[@]}"
  # dnf itself prints the number and the sizes of the packages before it downloads them.
  as_root dnf install -y "${missing[@]}" >&2 < /dev/null \
    || fail "dnf has failed for the reason above; if it is the network, try again later"
}

# Returns whether the programs and libraries that the build needs are installed, from any source.
is_ready ()
{
  local program

  for program in cc meson ninja pkg-config; do
    command -v "$program" > /dev/null || return 1
  done

  pkg-config --exists 'gio-2.0 >= 2.74' 'libsoup-3.0 >= 3.2' 'json-glib-1.0 >= 1.6'
}

distribution ()
{
  # shellcheck source=/dev/null
  [ -r /etc/os-release ] && (. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
}

case "${1:-}" in
  build | monitor | test | all-tests | bench | ci) ;;
  *)
    echo "Usage: tools/install-packages.sh build|monitor|test|all-tests|bench|ci" >&2
    exit 2
    ;;
esac

case " $(distribution) " in
  *" debian "* | *" ubuntu "*)
    packages=("${debian_build[@]}")
    [ "$1" != monitor ] || packages+=("${debian_monitor[@]}")
    [[ "$1" = build || "$1" = monitor ]] || packages+=("${debian_test[@]}")
    [ "$1" != bench ] || packages+=("${debian_bench[@]}")
    [ "$1" != all-tests ] || packages+=("${debian_all_tests[@]}")
    [ "$1" != ci ] || packages+=("${debian_ci[@]}")
    install_debian "${packages[@]}"
    ;;
  *" fedora "*)
    packages=("${fedora_build[@]}")
    [ "$1" != monitor ] || packages+=("${fedora_monitor[@]}")
    [[ "$1" = build || "$1" = monitor ]] || packages+=("${fedora_test[@]}")
    [ "$1" != bench ] || packages+=("${fedora_bench[@]}")
    [ "$1" != all-tests ] || packages+=("${fedora_all_tests[@]}")
    [ "$1" != ci ] || packages+=("${fedora_ci[@]}")
    install_fedora "${packages[@]}"
    ;;
  *)
    if is_ready; then
      exit 0
    fi
    fail "this system is not Debian, Ubuntu or Fedora; install these yourself: $needed"
    ;;
esac
