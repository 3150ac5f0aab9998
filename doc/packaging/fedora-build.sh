#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: doc/packaging/fedora-build.sh [--output=DIR]
#
# Makes the Fedora packages of what is committed, and looks at them, as root and on Debian:
#
#  1. meson dist makes the tarball of the release, and the spec is taken from it;
#  2. what the spec wants of pkg-config is found here, and rpmlint has nothing to say to the spec;
#  3. rpmbuild builds with what Fedora's macros do, not as root and without a network, which fails
#     for a file that is in no package and for one that is missing;
#  4. rpmlint has nothing to say to the packages either;
#  5. all of the packages are installed together into an empty folder, where no file belongs to two
#     of them and what is installed can be used, and removed without a trace.
#
# Nothing of Fedora is downloaded: the compiler and the libraries are Debian's, and so the packages
# are not for use. With --output, they are put into DIR. Nothing else stays, and nothing is written
# to the source.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/../..")
output=

# shellcheck source=tools/scratch.bash
. "$source_root/tools/scratch.bash"

# clean COMMAND...: with the environment of a build daemon, and a home of our own with the macros
clean ()
{
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$scratch/home" LC_ALL=C.UTF-8 "$@" < /dev/null
}

# The same, but not as root, and without a network
clean_offline ()
{
  clean "${offline[@]}" setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}

make_source ()
{
  make_tarball "$source_root"
  mkdir -p "$scratch/home" "$scratch/rpmbuild"/{BUILD,BUILDROOT,RPMS,SOURCES,SPECS,SRPMS}
  cp "$tarball" "$scratch/rpmbuild/SOURCES"
  spec=$scratch/rpmbuild/SPECS/hb-websocket.spec
  tar --extract --to-stdout --file="$tarball" --wildcards \
    '*/doc/packaging/fedora/hb-websocket.spec' > "$spec"
}

# What Fedora's rpm has and Debian's lacks, as far as the spec and the build need it
write_macros ()
{
  cat > "$scratch/home/.rpmmacros" << 'EOF'
%_topdir %{getenv:HOME}/../rpmbuild
%_tmppath %{_topdir}
%_dbpath /var/lib/rpm

# Directories
%_vendor redhat
%_docdir %{_datadir}/doc
%_docdir_fmt %%{NAME}
%bash_completions_dir %{_datadir}/bash-completion/completions

# rpmautospec makes these two from the history of the package.
%autorelease 1%{?dist}
%autochangelog * Sat Nov 21 2026 Nobody <nobody@hb-websocket.example> - %{version}-1\
- A build to try the spec

# Fedora's flags, but for what its GCC alone has, and for LTO, with which linking the tests takes
# four minutes: tests/builds/run.sh builds with it.
%build_cflags -O2 -fexceptions -g -grecord-gcc-switches -pipe -Wall -Werror=format-security\\\
  -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection\\\
  -fasynchronous-unwind-tables -fno-omit-frame-pointer
%build_ldflags -Wl,-z,relro -Wl,-z,now -Wl,-z,defs -Wl,--as-needed -Wl,--build-id=sha1

# Meson
%_vpath_srcdir .
%_vpath_builddir %{_target_platform}
%__meson /usr/bin/meson
%meson %{set_build_flags}\
%{__meson} setup --buildtype=plain --wrap-mode=nodownload --auto-features=enabled\\\
  --prefix=%{_prefix} --bindir=%{_bindir} --sbindir=%{_sbindir} --libdir=%{_libdir}\\\
  --libexecdir=%{_libexecdir} --includedir=%{_includedir} --datadir=%{_datadir}\\\
  --mandir=%{_mandir} --infodir=%{_infodir} --localedir=%{_datadir}/locale\\\
  --sysconfdir=%{_sysconfdir} --localstatedir=%{_localstatedir}\\\
  --sharedstatedir=%{_sharedstatedir} %{_vpath_srcdir} %{_vpath_builddir}
%meson_build %{__meson} compile -C %{_vpath_builddir} -j %{_smp_build_ncpus} --verbose
%meson_install DESTDIR=%{buildroot} %{__meson} install -C %{_vpath_builddir} --no-rebuild
%meson_test %{__meson} test -C %{_vpath_builddir} --num-processes %{_smp_build_ncpus}\\\
  --print-errorlogs

# What is done to the files after %%install, and looked for in them. Debian's sh does not understand
# the script that compresses manual pages.
%__arch_install_post %{_rpmconfigdir}/check-rpaths\
%{_rpmconfigdir}/check-buildroot
%__os_install_post bash %{_rpmconfigdir}/brp-compress %{_prefix}\
grep -rlIZ '^#!/usr/bin/env ' %{buildroot} | xargs -0 -r sed -i -E '1s:/env (-S )?:/:'

# Packages of what debuggers need, one for each package, which Fedora makes by itself
%_debugsource_packages 1
%_debuginfo_subpackages 1
%_missing_build_ids_terminate_build 1
%install %{?buildsubdir:%{debug_package}}\
%%install\
%{nil}

# Nothing comes of the day of the build.
%source_date_epoch_from_changelog 1
%clamp_mtime_to_source_date_epoch 1
EOF
}

# rpmlint as it comes is SUSE's. Fedora has settings of its own, which these take the place of.
write_settings ()
{
  cat > "$scratch/rpmlint.toml" << 'EOF'
CompressExtension = "gz"
ValidLicenses = ["Apache-2.0", "CC0-1.0", "GPL-3.0-or-later", "LGPL-2.1-or-later", "MIT"]
Filters = [
  # Fedora does without these tags, and its builders sign.
  "no-(buildroot|group|packager)-tag",
  "no-signature",
  # The packages of one source go together in Fedora, down to the release.
  "requires-on-release",
  # glibc has a trigger that does it.
  "library-without-ldconfig-post",
  # The names and contents of libraries' packages, and who has the folders of languages, are
  # matters of SUSE's rules.
  "no-dependency-on locales-doc",
  "no-major-in-name",
  "non-versioned-file-in-library-package",
  # Nothing has looked for the older kind of table for many years.
  "missing-hash-section",
  # The documentation is in packages of its own.
  "(devel|tests)[.].* no-documentation",
  # Examples are to be read, and started by who has read them.
  "examples[.].* package-with-huge-docs",
  "env-script-interpreter /usr/share/doc/",
  # There are some, but rpmlint 2.4 takes the section of a page for its name.
  "no-manual-page-for-binary hb-(cat|websocket-monitor)",
  # Releases have no public address yet.
  "invalid-url Source0: hb-websocket-",
]
EOF
}

# lint FILE...: what is no error to rpmlint is not passed over either
lint ()
{
  clean rpmlint --strict --config="$scratch/rpmlint.toml" "$@" > "$scratch/rpmlint.log" 2>&1 \
    || { cat "$scratch/rpmlint.log" >&2; fail "rpmlint has found something"; }
  tail -n 1 "$scratch/rpmlint.log"
}

check_spec ()
{
  local name relation wanted missing=()

  say "The spec is looked at"
  clean rpmspec --parse "$spec" > "$scratch/parsed"
  version=$(clean rpmspec --query --srpm --queryformat '%{version}' "$spec")
  [ "hb-websocket-$version.tar.xz" = "${tarball##*/}" ] \
    || fail "the spec is of version $version, and the tarball is ${tarball##*/}"

  # Not from a pipe: if rpmspec fails, that is the end.
  clean rpmspec --query --buildrequires "$spec" > "$scratch/wanted"
  grep -q '^pkgconfig(' "$scratch/wanted" || fail "the spec wants nothing of pkg-config"
  while read -r name relation wanted; do
    [[ "$name" = pkgconfig\(*\) ]] || continue
    name=${name#pkgconfig(}
    name=${name%)}
    clean pkg-config --exists --print-errors "$name $relation $wanted" || missing+=("$name")
  done < "$scratch/wanted"
  [ ${#missing[@]} -eq 0 ] || fail "pkg-config does not know these here: ${missing[*]}"

  lint "$spec"
}

build ()
{
  local start=$SECONDS

  say "rpmbuild builds, without a network"
  # It does not run as root, and so has to be let in.
  chmod 755 "$scratch"
  chown -R nobody:nogroup "$scratch/rpmbuild" "$scratch/home"
  # The names of Debian's packages are others.
  clean_offline rpmbuild -ba --nodeps "$spec" > "$scratch/build.log" 2>&1 \
    || { tail -n 100 "$scratch/build.log" | cut -c 1-400 >&2; fail "rpmbuild has failed"; }
  show_tests "$scratch/build.log"
  echo "It took $((SECONDS - start)) s."

  mapfile -t packages < <(find "$scratch/rpmbuild/RPMS" -name '*.rpm' | sort)
  printf '%s\n' "${packages[@]##*/}"
  # Even if something is found to be wrong with them
  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "${packages[@]}" "$scratch"/rpmbuild/SRPMS/*.src.rpm "$output"
  fi
}

# What rpm makes by itself is not to be blamed on the spec.
check_packages ()
{
  local package

  say "The packages are looked at"
  mapfile -t package < <(printf '%s\n' "${packages[@]}" | grep -v -e -debuginfo- -e -debugsource-)
  lint "${package[@]}" "$scratch"/rpmbuild/SRPMS/*.src.rpm

  # Each file in turn, and no folder, which several may have
  clean rpm --query --package --queryformat '[%{FILEMODES:perms} %{FILENAMES}\n]' "${packages[@]}" \
    | awk '!/^d/ { print $2 }' | sort | uniq --repeated > "$scratch/twice"
  [ ! -s "$scratch/twice" ] || fail "in two packages: $(cat "$scratch/twice")"

  # What they need of each other is there, and what they need of others is for the eye.
  clean rpm --query --package --provides "${packages[@]}" | sort -u > "$scratch/provided"
  clean rpm --query --package --requires "${packages[@]}" | sort -u > "$scratch/required"
  comm -13 "$scratch/provided" "$scratch/required" | grep -v '^rpmlib(' > "$scratch/others"
  ! grep -i hb-websocket "$scratch/others" || fail "no package provides that"
  echo "They need, of others:"
  grep -v -e '(GLIBC_' -e '(GCC_' "$scratch/others" | fmt --width=96
}

# have NAME COMMAND...: with what is installed below $root
have ()
{
  local name=$1

  shift
  clean env LD_LIBRARY_PATH="$root/usr/lib64" GI_TYPELIB_PATH="$root/usr/lib64/girepository-1.0" \
    PKG_CONFIG_PATH="$root/usr/lib64/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root" "$@" \
    > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; fail "$name does not work"; }
}

install_and_remove ()
{
  local installed left

  root=$scratch/root
  say "All packages are installed together, and removed"
  mkdir "$root"
  clean rpm --force-debian --root="$root" --install --nodeps "${packages[@]}"

  mapfile -t installed < <(clean rpm --root="$root" --query --all)
  clean rpm --root="$root" --verify --nodeps "${installed[@]}" \
    || fail "that is not as it was packaged"

  left=$(find "$root" -xtype l -not -path '*/.build-id/*' -printf '/%P\n')
  [ -z "$left" ] || fail "these links lead nowhere: $left"
  have hb-cat "$root/usr/bin/hb-cat" --version
  have echo-server "$root/usr/libexec/hb-websocket/echo-server" --help
  have "the monitor" "$root/usr/bin/hb-websocket-monitor" --help
  have "the typelib" /usr/bin/python3 -c \
    "import gi; gi.require_version('Hb', '1'); from gi.repository import Hb; Hb.WebsocketTask()"
  have "the library's file for pkg-config" pkg-config --exists "hb-websocket-1 = $version"

  clean rpm --force-debian --root="$root" --erase --nodeps "${installed[@]}"
  left=$(find "$root" -not -type d -not -path "$root/var/lib/rpm/*" -printf '/%P\n')
  [ -z "$left" ] || fail "this is left of them: $left"
  echo "${#installed[@]} packages"
}

parse_options output -- "$@"
need eu-strip find-debuginfo gi-docgen gjs git ip meson pkg-config rpm rpmbuild rpmlint rpmspec \
  setpriv unshare valac
begin_scratch fedora
make_source
write_macros
write_settings
check_spec
build
check_packages
install_and_remove

say "The packages are in order. It took $SECONDS s."
