#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: packaging/debian-build.sh [--release=RELEASE] [--profiles=PROFILE,...]
#                                  [--build=binary|any|all,...]
#                                  [--cache=DIR] [--output=DIR]
#
# Builds and tests the Debian packages of the committed source. Run the script as root on Debian.
# The script performs these steps:
#
#  1. meson dist makes the tarball of the release. In the unpacked tarball, the script copies
#     packaging/debian/ to debian/.
#  2. An ordinary user runs dpkg-buildpackage, without a network, in a chroot that has only a base
#     system and the packages that debian/control requires.
#  3. The lintian of the chroot's Debian release checks the source and the packages, and must report
#     nothing, except a few tags that show no faults of the packages.
#  4. autopkgtest runs the tests of debian/tests/control, which include the installed tests. The
#     chroot of the tests has only a base system, the packages that debian/tests/control names, and
#     their dependencies.
#  5. All packages are installed together in another chroot, and purged. No file with a name of this
#     project may be left in /etc, /usr or /var/lib, except in /var/lib/apt.
#
# The chroots have the Debian release of this machine, or RELEASE (such as trixie or sid). The
# chroots are made from the mirror that this machine's apt uses. The folder DIR of --cache, by
# default ${XDG_CACHE_HOME:-~/.cache}/hb-websocket-debian, keeps the downloads and a base system for
# the next run. The packages are copied to the folder DIR of --output. The script keeps no other
# files, and does not change the source.
#
# --profiles names the build profiles for dpkg-buildpackage, and --build the kinds of packages. If
# either option is given, autopkgtest does not run, because packages that the tests need may be
# missing. If the chroots have Debian 12, the script adds the profile pkg.hb-websocket.nomonitor,
# and autopkgtest skips the test of the monitor.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/..")
build=
output=
profiles=
release=

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

# The monitor needs libadwaita 1.5, but Debian 12 has 1.2.
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

# install_build_dependencies ROOT: installs the build dependencies of all packages, or, with
# --build=any or --build=all, only those of the packages of that kind
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

# After a test has failed, the other tests continue, so the failure may be far above the end of the
# log.
explain_build_failure ()
{
  grep -E '^(not ok|Bail out!)' "$scratch/build.log" || true
  tail -n 100 "$scratch/build.log"
}

build ()
{
  local root=$1 options=() start=$SECONDS

  say "Installing the build dependencies into a chroot of Debian $release"
  [ -z "$profiles" ] || echo "The build profiles are $profiles."
  make_chroot "$(basename "$root")"
  mv "$scratch/source" "$root/source"
  tree=/source/${tree##*/}
  install_build_dependencies "$root"
  enter "$root" chown -R "$builder:$builder" /source
  echo "This step took $((SECONDS - start)) s."

  say "Building the packages with dpkg-buildpackage, without a network"
  start=$SECONDS
  ! has_profile nocheck || options+=(nocheck)
  ! has_profile nodoc || options+=(nodoc)
  enter_offline "$root" env --chdir="$tree" DEB_BUILD_OPTIONS="${options[*]}" \
    dpkg-buildpackage --no-sign --build-profiles="$profiles" --build="${build:-full}" \
    > "$scratch/build.log" 2>&1 \
    || { explain_build_failure >&2; fail "dpkg-buildpackage has failed"; }
  has_profile nocheck || show_tests "$scratch/build.log"
  echo "This step took $((SECONDS - start)) s."

  rm -rf "${root:?}$tree"
  cp -R "$root/source" "$scratch/packages"
  ls "$scratch/packages"

  # Copied here, the packages are available even if a later check fails.
  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "$scratch"/packages/* "$output"
  fi

  # The pattern does not match warnings of the compiler, because other checks look for those.
  ! grep -E '^(dh|dpkg)[_-][a-z]+: warning:' "$scratch/build.log" \
    || fail "the packaging tools have printed warnings"
}

# list_suppressed_tags: prints the tags of lintian that show no faults of the packages
list_suppressed_tags ()
{
  # No intent to package (ITP) has been filed in Debian yet.
  echo initial-upload-closes-no-bugs

  # lintian mistakes three bytes of machine code for a misspelt word.
  echo spelling-error-in-binary

  case "$release" in
    # The lintian of bookworm and that of trixie are older than the policy of unstable, and report
    # programs that call no function that could be fortified. The lintian of bookworm is also older
    # than the profile nogir.
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
    # The source must also build on Debian 12, which needs the fields, the build dependency and the
    # compat level that these tags report.
    *)
      echo redundant-priority-optional-field
      echo redundant-rules-requires-root-no-field
      echo ored-build-depends-on-obsolete-package
      echo package-uses-old-debhelper-compat-version
      ;;
  esac
}

# check_with_lintian ROOT: checks the packages in ROOT, the chroot of the build, and removes ROOT.
# lintian is installed after the build, so that it cannot influence the build.
check_with_lintian ()
{
  local root=$1 start=$SECONDS

  say "Checking the packages with lintian of Debian $release"
  enter "$root" apt-get -qq install lintian > "$scratch/apt.log" \
    || fail_with "$scratch/apt.log" "lintian cannot be installed"
  # With --show-overrides, lintian would also fail because of overridden tags.
  enter_offline "$root" sh -c 'exec lintian "$@" /source/*.changes' sh --display-info --pedantic \
    --suppress-tags="$(list_suppressed_tags | paste -sd ,)" \
    --fail-on=error,warning,info,pedantic \
    || fail "lintian has found problems"
  echo "This step took $((SECONDS - start)) s."
  remove "$root"
}

# If autopkgtest has failed before the first test, no test has a log.
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

  say "Testing the packages with autopkgtest in another chroot"
  make_chroot test-chroot
  ! has_profile "$no_monitor" || options+=(--skip-test=monitor)
  autopkgtest "${options[@]}" --quiet --user="$builder" --output-dir="$scratch/tests" \
    --no-built-binaries "$scratch"/packages/*.deb "$scratch"/packages/*.dsc -- chroot "$root" \
    > "$scratch/tests.log" 2>&1 {archive_fd}>&- || status=$?
  cat "$scratch/tests/summary" || true
  # autopkgtest also ends with a status other than 0 if tests were skipped (2) or no test ran (8).
  if [ "$status" -ne 0 ]; then
    explain_failure >&2 || true
    fail "autopkgtest has ended with status $status"
  fi
  echo "This step took $((SECONDS - start)) s."
  remove "$root"
}

install_and_purge ()
{
  local root=$scratch/install-chroot packages left

  say "Installing all packages together, and purging them"
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

say "The packages are in order. All steps took $SECONDS s."
