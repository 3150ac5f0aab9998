#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: tools/install-packages.sh build|monitor|test|bench|ci
#
# Installs the packages that are missing and no others: for building the library and its examples
# (build), the one with windows too (monitor), for running the tests (test) or the benchmarks
# (bench), or for all that .ci/run does (ci). Where nothing is missing it says nothing and needs no
# rights.

set -euo pipefail

needed="a C compiler, pkg-config, meson 1.0 or later with ninja, and the development files of \
GLib 2.74 or later, libsoup 3.2 or later and, for the examples, json-glib 1.6 or later"

debian_build=(gcc gettext libc6-dev libglib2.0-dev libjson-glib-dev libsoup-3.0-dev meson
              ninja-build pkg-config)
debian_test=(binutils g++ gir1.2-soup-3.0 gjs glib-networking gobject-introspection
             libgirepository1.0-dev libharfbuzz-gobject0 libharfbuzz0b openssl python3 python3-gi
             python3-websockets valac)
debian_bench=(libssl-dev libwebsockets-dev)
debian_monitor=(libadwaita-1-dev libgtk-4-dev)
debian_ci=("${debian_monitor[@]}" abigail-tools adwaita-icon-theme appstream autopkgtest
           bash-completion chromium chromium-driver clang dbus-daemon debootstrap debugedit
           desktop-file-utils dpkg-dev elfutils flatpak-builder fonts-cantarell gcovr gi-docgen git
           gnome-desktop-testing groff iproute2 libclang-rt-14-dev libglib2.0-doc librsvg2-common
           libsoup-3.0-doc libssl-dev libxtst-dev lintian man-db mandoc nftables node-ws reuse rpm
           rpmlint shellcheck valgrind x11-utils xvfb)

fedora_build=(gcc gettext glib2-devel json-glib-devel libsoup3-devel meson ninja-build
              pkgconf-pkg-config)
fedora_test=(binutils gcc-c++ gjs glib-networking gobject-introspection-devel harfbuzz openssl
             python3 python3-gobject python3-websockets vala)
fedora_bench=(libwebsockets-devel openssl-devel)
fedora_monitor=(gtk4-devel libadwaita-devel)
fedora_ci=("${fedora_monitor[@]}" abattis-cantarell-fonts adwaita-icon-theme appstream
           bash-completion chromedriver chromium clang compiler-rt dbus-daemon desktop-file-utils
           flatpak-builder gcovr gi-docgen glib2-doc gnome-desktop-testing groff iproute libabigail
           libasan librsvg2 libsoup3-doc libubsan libXtst-devel man-db mandoc nftables openssl-devel
           reuse ShellCheck valgrind xorg-x11-server-Xvfb xwininfo)

# Node may be there without a package.
if ! command -v npm > /dev/null; then
  debian_bench+=(nodejs npm)
  fedora_bench+=(nodejs npm)
fi

fail ()
{
  echo "install-packages: $*" >&2
  exit 1
}

# Runs a command as root, by sudo only where we are not.
as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# start INSTALLER install PACKAGE...: says what is about to be done, or by whom it would have to be.
start ()
{
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
    fail "packages are missing, and there is no sudo to install them; as root, run: $*"
  fi

  echo "Installing ${*:3}" >&2
}

install_debian ()
{
  local missing=() package

  for package in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done

  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi

  start apt-get install "${missing[@]}"
  as_root apt-get update -q >&2 \
    || echo "install-packages: the lists of packages are not up to date; trying with them" >&2
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 < /dev/null
}

install_fedora ()
{
  local missing=() package

  for package in "$@"; do
    if ! rpm -q --whatprovides "$package" > /dev/null 2>&1; then
      missing+=("$package")
    fi
  done

  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi

  start dnf install "${missing[@]}"
  as_root dnf install -y "${missing[@]}" >&2 < /dev/null
}

# Whether someone has seen to it already, by whatever means.
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
  build | monitor | test | bench | ci) ;;
  *)
    echo "Usage: tools/install-packages.sh build|monitor|test|bench|ci" >&2
    exit 2
    ;;
esac

case " $(distribution) " in
  *" debian "* | *" ubuntu "*)
    packages=("${debian_build[@]}")
    [ "$1" != monitor ] || packages+=("${debian_monitor[@]}")
    [[ "$1" = build || "$1" = monitor ]] || packages+=("${debian_test[@]}")
    [ "$1" != bench ] || packages+=("${debian_bench[@]}")
    [ "$1" != ci ] || packages+=("${debian_ci[@]}")
    install_debian "${packages[@]}"
    ;;
  *" fedora "*)
    packages=("${fedora_build[@]}")
    [ "$1" != monitor ] || packages+=("${fedora_monitor[@]}")
    [[ "$1" = build || "$1" = monitor ]] || packages+=("${fedora_test[@]}")
    [ "$1" != bench ] || packages+=("${fedora_bench[@]}")
    [ "$1" != ci ] || packages+=("${fedora_ci[@]}")
    install_fedora "${packages[@]}"
    ;;
  *)
    if is_ready; then
      exit 0
    fi
    fail "this is neither Debian, Ubuntu nor Fedora, so please install by yourself: $needed"
    ;;
esac
