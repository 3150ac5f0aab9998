#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: packaging/debian-build.sh [--release=RELEASE] [--profiles=PROFILE,...]
#                                  [--build=source|binary|any|all,...]
#                                  [--cache=DIR] [--output=DIR]
#
# Builds and tests the Debian packages of the committed source, as root and on Debian:
#
#  1. meson dist makes the tarball of the release, and debian/ is taken from it;
#  2. dpkg-buildpackage builds in a chroot that has only what debian/control asks for, not as root
#     and without a network;
#  3. the release's lintian checks the source and the packages, and must find nothing;
#  4. autopkgtest runs the tests of debian/tests/control, which include the installed tests, in a
#     chroot that has only the new packages and what they depend on;
#  5. all of the packages are installed together in another chroot, and purged without a trace.
#
# The chroots have this machine's release of Debian, or RELEASE (such as trixie or sid). They are
# made from the mirror that this machine's apt uses. Downloads are kept in the folder that --cache
# names, or in ~/.cache/hb-websocket-debian. With --output, the packages are put into that folder.
# Nothing else stays, and nothing is written to the source.
#
# --profiles names the build profiles, and --build the kinds of packages, for dpkg-buildpackage. The
# tests need all of the packages, so autopkgtest does not run with either of these options. On
# Debian 12, the profile pkg.hb-websocket.nomonitor is always added.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/..")
build=
output=
profiles=
release=

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

# The monitor needs libadwaita 1.5, and Debian 12 has 1.2.
no_monitor=pkg.hb-websocket.nomonitor

has_profile ()
{
  [[ ,$profiles, = *,$1,* ]]
}

choose_profiles ()
{
  wants_tests=true
  [ -z "$build$profiles" ] || wants_tests=false

  if [ "$release" = bookworm ] && ! has_profile "$no_monitor"; then
    profiles+=${profiles:+,}$no_monitor
  fi
}

make_source ()
{
  local name

  make_tarball "$source_root"
  name=$(basename "$tarball" .tar.xz)
  mkdir "$scratch/source"
  tar -C "$scratch/source" -xf "$tarball"
  mv "$tarball" "$scratch/source/${name/hb-websocket-/hb-websocket_}.orig.tar.xz"
  tree=$scratch/source/$name
  cp -a "$tree/packaging/debian" "$tree/debian"
}

# Without --build, apt-get installs the dependencies of all packages.
install_build_dependencies ()
{
  local options=()

  case "$build" in
    any) options+=(--arch-only) ;;
    all) options+=(--indep-only) ;;
  esac

  enter "$1" apt-get -qq build-dep "${options[@]}" --build-profiles="$profiles" "$tree" \
    > "$scratch/apt.log" || fail_with "$scratch/apt.log" "the archive lacks a build dependency"
}

# Prints the end of the log. A test that fails may be far above it, because the other tests go on.
explain_build_failure ()
{
  grep -E '^(not ok|Bail out!)' "$scratch/build.log" || true
  tail -n 100 "$scratch/build.log"
}

build ()
{
  local root=$1 options=() start=$SECONDS

  say "The build dependencies are installed into a chroot of Debian $release"
  [ -z "$profiles" ] || echo "The build profiles are $profiles."
  make_chroot "$(basename "$root")"
  mv "$scratch/source" "$root/source"
  tree=/source/${tree##*/}
  install_build_dependencies "$root"
  enter "$root" chown -R "$builder:$builder" /source
  echo "It took $((SECONDS - start)) s."

  say "dpkg-buildpackage builds, without a network"
  start=$SECONDS
  ! has_profile nocheck || options+=(nocheck)
  ! has_profile nodoc || options+=(nodoc)
  enter_offline "$root" env --chdir="$tree" DEB_BUILD_OPTIONS="${options[*]}" \
    dpkg-buildpackage --no-sign --build-profiles="$profiles" --build="${build:-full}" \
    > "$scratch/build.log" 2>&1 \
    || { explain_build_failure >&2; fail "dpkg-buildpackage has failed"; }
  has_profile nocheck || show_tests "$scratch/build.log"
  echo "It took $((SECONDS - start)) s."

  rm -rf "${root:?}$tree"
  cp -R "$root/source" "$scratch/packages"
  ls "$scratch/packages"

  # Even if a later check fails
  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "$scratch"/packages/* "$output"
  fi

  # The compiler of each release has warnings of its own, which other checks look for.
  ! grep -E '^(dh|dpkg)[_-][a-z]+: warning:' "$scratch/build.log" \
    || fail "the packaging tools have printed warnings"
}

# list_suppressed_tags: what lintian must not report, because it is not a fault of the packages
list_suppressed_tags ()
{
  # An intent to package (ITP) has to be filed in Debian first.
  echo initial-upload-closes-no-bugs

  # It takes three bytes of machine code for a word. The texts are checked by other tags.
  echo spelling-error-in-binary

  case "$release" in
    # Its lintian is older than the policy of unstable, and older than the profile nogir. Like that
    # of trixie, it reports that nothing is fortified where no call of the C library needs a check.
    bookworm)
      echo hardening-no-fortify-functions
      echo newer-standards-version
      echo invalid-profile-name-in-build-profiles-field
      echo invalid-profile-name-in-source-relation
      ;;
    trixie)
      echo hardening-no-fortify-functions
      echo newer-standards-version
      ;;
    # Debian 12 needs the fields and the alternative, and has no later version of debhelper.
    *)
      echo redundant-priority-optional-field
      echo redundant-rules-requires-root-no-field
      echo ored-build-depends-on-obsolete-package
      echo package-uses-old-debhelper-compat-version
      ;;
  esac
}

# In the chroot in which they were built, where no build can be influenced any more
check_with_lintian ()
{
  local root=$1 start=$SECONDS

  say "lintian of Debian $release checks the packages"
  enter "$root" apt-get -qq install lintian > "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "lintian cannot be installed"
  # With --show-overrides, lintian would also fail because of overridden tags.
  enter_offline "$root" sh -c 'exec lintian "$@" /source/*.changes' sh --display-info --pedantic \
    --suppress-tags="$(list_suppressed_tags | paste -sd ,)" \
    --fail-on=error,warning,info,pedantic \
    || fail "lintian has found something"
  echo "It took $((SECONDS - start)) s."
  remove "$root"
}

# Prints what is known about a failure. Before the first test, there are no logs of tests.
explain_failure ()
{
  awk '$2 == "FAIL" { print $1 }' "$scratch/tests/summary" | while read -r name; do
    tail -n 40 "$scratch/tests/$name"-std*
  done
  tail -n 20 "$scratch/tests.log"
}

test_packages ()
{
  local root=$scratch/test-chroot options=() start=$SECONDS status=0

  say "autopkgtest tests the packages in another chroot"
  make_chroot test-chroot
  ! has_profile "$no_monitor" || options+=(--skip-test=monitor)
  autopkgtest "${options[@]}" --quiet --user="$builder" --output-dir="$scratch/tests" \
    --no-built-binaries "$scratch"/packages/*.deb "$scratch"/packages/*.dsc -- chroot "$root" \
    > "$scratch/tests.log" 2>&1 || status=$?
  cat "$scratch/tests/summary" || true
  # 2 is for tests that were skipped, and 8 for no tests at all.
  if [ "$status" -ne 0 ]; then
    explain_failure >&2 || true
    fail "autopkgtest has ended with status $status"
  fi
  echo "It took $((SECONDS - start)) s."
  remove "$root"
}

install_and_purge ()
{
  local root=$scratch/install-chroot packages left

  say "All packages are installed together, and purged"
  make_chroot install-chroot
  mkdir "$root/packages"
  cp "$scratch"/packages/*.deb "$root/packages"
  mapfile -t packages < <(cd "$root/packages" && ls -- *.deb)
  enter "$root" apt-get -qq install "${packages[@]/#//packages/}" > "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "the packages cannot be installed together"
  enter "$root" apt-get -qq purge "${packages[@]%%_*}" > "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "the packages cannot be removed"

  left=$(find "$root/etc" "$root/usr" "$root/var/lib" -not -path "$root/var/lib/apt/*" \
    \( -name '*hb[-_]websocket*' -o -name 'hb-cat*' -o -name 'Hb-1.*' \) -printf '/%P\n')
  [ -z "$left" ] || fail "these files are left after the purge: $left"
  echo "${#packages[@]} packages"
}

parse_options build cache output profiles release -- "$@"
need autopkgtest dpkg-source git meson
begin_chroots debian "$@"
choose_archive "$(dpkg --print-architecture)" "$release"
choose_profiles
make_source
build "$scratch/build-chroot"
check_with_lintian "$scratch/build-chroot"
! "$wants_tests" || test_packages
install_and_purge

say "The packages are in order. It took $SECONDS s."
