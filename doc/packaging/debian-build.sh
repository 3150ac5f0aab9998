#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: doc/packaging/debian-build.sh [--release=RELEASE] [--cache=DIR] [--output=DIR]
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
# The chroots have this machine's release of Debian, or RELEASE (such as trixie or sid). They are
# made from the mirror that this machine's apt uses. Downloads are kept in the folder that --cache
# names, or in ~/.cache/hb-websocket-debian. With --output, the packages are put into that folder.
# Nothing else stays, and nothing is written to the source.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/../..")
output=
release=

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

make_source ()
{
  local name

  make_tarball "$source_root"
  name=$(basename "$tarball" .tar.xz)
  mkdir "$scratch/source"
  tar -C "$scratch/source" -xf "$tarball"
  mv "$tarball" "$scratch/source/${name/hb-websocket-/hb-websocket_}.orig.tar.xz"
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
    || fail_with "$scratch/apt.log" "there is no such thing in the archive"
  enter "$root" chown -R "$builder:$builder" /source
  echo "It took $((SECONDS - start)) s."

  say "dpkg-buildpackage builds, without a network"
  start=$SECONDS
  enter_offline "$root" env --chdir="$tree" dpkg-buildpackage --no-sign \
    > "$scratch/build.log" 2>&1 \
    || { tail -n 100 "$scratch/build.log" >&2; fail "dpkg-buildpackage has failed"; }
  show_tests "$scratch/build.log"
  echo "It took $((SECONDS - start)) s."

  rm -rf "${root:?}$tree"
  mv "$root/source" "$scratch/packages"
  chown -R root:root "$scratch/packages"
  remove "$root"
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

# What there is that tells of it: if it has not come to the tests, they have left nothing.
explain_failure ()
{
  awk '$2 == "FAIL" { print $1 }' "$scratch/tests/summary" | while read -r name; do
    tail -n 40 "$scratch/tests/$name"-std*
  done
  tail -n 20 "$scratch/tests.log"
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
    explain_failure >&2 || true
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
    || fail_with "$scratch/apt.log" "the packages cannot be installed together"
  enter "$root" apt-get -qq purge "${packages[@]%%_*}" > "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "the packages cannot be removed"

  left=$(find "$root/etc" "$root/usr" "$root/var/lib" -not -path "$root/var/lib/apt/*" \
    \( -name '*hb[-_]websocket*' -o -name 'hb-cat*' -o -name 'Hb-1.*' \) -printf '/%P\n')
  [ -z "$left" ] || fail "this is left of them: $left"
  echo "${#packages[@]} packages"
}

parse_options cache output release -- "$@"
need autopkgtest dpkg-source git lintian meson setpriv
begin_chroots debian "$@"
choose_archive "$(dpkg --print-architecture)" "$release"
make_source
build
check_with_lintian
test_packages
install_and_remove

say "The packages are in order. It took $SECONDS s."
