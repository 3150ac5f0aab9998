#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: packaging/fedora-build.sh [--release=RELEASE] [--cache=DIR] [--output=DIR]
#
# Builds and checks the Fedora packages of the committed source. Run the script as root on Debian.
# The script performs these steps:
#
#  1. meson dist makes the tarball of the release, which contains the spec.
#  2. The libraries and the programs that the spec needs are installed in a chroot of Debian.
#  3. pkg-config must find all modules that the spec requires, and rpmlint must report nothing about
#     the spec.
#  4. An ordinary user runs rpmbuild, without a network and with macros like Fedora's. The build
#     fails if a file is in no package or a packaged file is missing.
#  5. rpmlint checks all packages except those of debugging information, and must report nothing. No
#     file may belong to two packages. If the name of a requirement contains hb-websocket, one of
#     the packages must provide it.
#  6. All packages are installed together into an empty folder, used there, and removed. No file may
#     be left, except in the database of rpm.
#
# rpmlint ignores the findings that write_settings () lists.
#
# The compiler and the libraries come from Debian, so nobody should use these packages. --release
# chooses the Debian release, by default trixie (Debian 13). Debian 12 is too old for the monitor.
# The folder DIR of --cache, by default ${XDG_CACHE_HOME:-~/.cache}/hb-websocket-debian, keeps the
# downloads and a base system for the next run. The packages are copied to the folder DIR of
# --output. The script keeps no other files, and does not change the source.

set -euo pipefail

source_root=$(realpath "$(dirname "$0")/..")
output=
release=trixie

# shellcheck source=tools/debian-chroot.bash
. "$source_root/tools/debian-chroot.bash"

# The folder in the chroot that contains all files of the build
work=/fedora

# clean COMMAND...: runs COMMAND as root in the chroot, with a home directory that contains only the
# macros
clean ()
{
  enter "$root" env HOME="$work/home" "$@"
}

# clean_offline COMMAND...: like clean, but as an ordinary user and without a network
clean_offline ()
{
  enter_offline "$root" env HOME="$work/home" "$@"
}

make_source ()
{
  make_tarball "$source_root"
  root=$scratch/chroot
  make_chroot chroot
  mkdir -p "$root$work"/{home,source} \
    "$root$work/rpmbuild"/{BUILD,BUILDROOT,RPMS,SOURCES,SPECS,SRPMS}
  cp "$tarball" "$root$work/rpmbuild/SOURCES"
  tar -C "$root$work/source" --strip-components=1 -xf "$tarball"
  spec=$work/rpmbuild/SPECS/hb-websocket.spec
  cp "$root$work/source/packaging/fedora/hb-websocket.spec" "$root$spec"
}

install_packages ()
{
  local kind start=$SECONDS

  say "Installing the libraries and the programs into a chroot of Debian $release"
  { for kind in monitor test; do
      enter "$root" "$work/source/tools/install-packages.sh" "$kind"
    done
    enter "$root" apt-get -qq install appstream bash-completion cpio debugedit file \
      desktop-file-utils elfutils gi-docgen rpm rpmlint
  } > "$scratch/apt.log" 2>&1 || fail_with "$scratch/apt.log" "the packages cannot be installed"
  echo "This step took $((SECONDS - start)) s."
}

# Writes the macros of Fedora that Debian's rpm lacks or sets to other values.
write_macros ()
{
  # debugedit finds the sources only if their paths in the debugging information begin with
  # %_topdir.
  echo "%_topdir $work/rpmbuild" > "$root$work/home/.rpmmacros"
  cat >> "$root$work/home/.rpmmacros" << 'EOF'
%_tmppath %{_topdir}
%_dbpath /var/lib/rpm

%_vendor redhat
%_docdir %{_datadir}/doc
%_docdir_fmt %%{NAME}
%bash_completions_dir %{_datadir}/bash-completion/completions
%fish_completions_dir %{_datadir}/fish/vendor_completions.d
%zsh_completions_dir %{_datadir}/zsh/site-functions

# Fedora's rpmautospec makes these two macros from the history of the package.
%autorelease 1%{?dist}
%autochangelog * Sat Nov 21 2026 Nobody <nobody@hb-websocket.example> - %{version}-1\
- A build to try the spec

# Most of Fedora's flags, but without LTO, with which the tests would take minutes to link.
# tests/release/builds/run.sh builds with LTO.
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

# Debian's sh cannot run brp-compress, so bash does. The last command removes env from the first
# lines of programs, as one of Fedora's scripts does.
%__arch_install_post %{_rpmconfigdir}/check-rpaths\
%{_rpmconfigdir}/check-buildroot
%__os_install_post bash %{_rpmconfigdir}/brp-compress %{_prefix}\
grep -rlIZ '^#!/usr/bin/env ' %{buildroot} | xargs -0 -r sed -i -E '1s:/env (-S )?:/:'

# Fedora's defaults for debugging information
%_debugsource_packages 1
%_debuginfo_subpackages 1
%_missing_build_ids_terminate_build 1
%_enable_debug_packages 1

# The packages do not depend on the date of the build.
%source_date_epoch_from_changelog 1
%build_mtime_policy clamp_to_source_date_epoch
EOF
}

# The default settings of rpmlint are for SUSE, and Debian lacks Fedora's.
write_settings ()
{
  cat > "$root$work/rpmlint.toml" << 'EOF'
CompressExtension = "gz"
ValidLicenses = ["Apache-2.0", "CC0-1.0", "GPL-3.0-or-later", "LGPL-2.1-or-later", "MIT"]
Filters = [
  # Fedora does not use these tags, and Fedora's build system signs the packages.
  "no-(buildroot|group|packager)-tag",
  "no-signature",
  # In Fedora, the packages of one source require the same release of each other.
  "requires-on-release",
  # In Fedora, a trigger of glibc runs ldconfig.
  "library-without-ldconfig-post",
  # rpmlint mistakes the "doc" in the name of a package for the code of a language.
  "no-dependency-on locales-doc",
  # SUSE has rules of its own for the names and files of library packages.
  "no-major-in-name",
  "non-versioned-file-in-library-package",
  # The dynamic linker has used the GNU hash table for many years.
  "missing-hash-section",
  # Separate packages contain the documentation.
  "(devel|tests)[.].* no-documentation",
  # Examples are documentation that readers can run.
  "examples[.].* package-with-huge-docs",
  "env-script-interpreter /usr/share/doc/",
  # Both programs have manual pages, but rpmlint mistakes the section of a page for its name.
  "no-manual-page-for-binary hb-(cat|websocket-monitor)",
  # The dictionary lacks these words.
  "spelling-error .*(libsoup's|config)",
  # The text of the LGPL is unchanged, so it contains the former address of the FSF.
  "incorrect-fsf-address /usr/share/licenses/",
  # Releases have no public address yet.
  "invalid-url Source0: hb-websocket-",
]
EOF
}

# lint FILE...: fails if rpmlint reports an error or a warning
lint ()
{
  clean rpmlint --strict --config="$work/rpmlint.toml" "$@" > "$scratch/rpmlint.log" 2>&1 \
    || { cat "$scratch/rpmlint.log" >&2; fail "rpmlint has found problems"; }
  tail -n 1 "$scratch/rpmlint.log"
}

check_spec ()
{
  local name relation wanted missing=()

  say "Checking the spec"
  clean rpmspec --parse "$spec" > "$scratch/parsed"
  version=$(clean rpmspec --query --srpm --queryformat '%{version}' "$spec")
  [ "hb-websocket-$version.tar.xz" = "${tarball##*/}" ] \
    || fail "the spec has version $version, but the tarball is ${tarball##*/}"

  # The output goes to a file, not to a pipe, so that the script ends if rpmspec fails.
  clean rpmspec --query --buildrequires "$spec" > "$scratch/wanted"
  grep -q '^pkgconfig(' "$scratch/wanted" \
    || fail "the spec has no build requirement of the form pkgconfig(NAME)"
  while read -r name relation wanted; do
    [[ "$name" = pkgconfig\(*\) ]] || continue
    name=${name#pkgconfig(}
    name=${name%)}
    clean pkg-config --exists --print-errors "$name $relation $wanted" || missing+=("$name")
  done < "$scratch/wanted"
  [ ${#missing[@]} -eq 0 ] || fail "pkg-config does not find these: ${missing[*]}"

  lint "$spec"
}

build ()
{
  local start=$SECONDS

  say "Building the packages with rpmbuild, without a network"
  enter "$root" chown -R "$builder:$builder" "$work/rpmbuild" "$work/home"
  # Debian's packages have different names, so rpm cannot check the build dependencies.
  clean_offline rpmbuild -ba --nodeps "$spec" > "$scratch/build.log" 2>&1 \
    || { tail -n 100 "$scratch/build.log" | cut -c 1-400 >&2; fail "rpmbuild has failed"; }
  show_tests "$scratch/build.log"
  echo "This step took $((SECONDS - start)) s."

  mapfile -t packages < <(find "$root$work/rpmbuild/RPMS" -name '*.rpm' -printf '%P\n' | sort)
  packages=("${packages[@]/#/$work/rpmbuild/RPMS/}")
  printf '%s\n' "${packages[@]##*/}"
  # Copied here, the packages are available even if a later check fails.
  if [ -n "$output" ]; then
    mkdir -p "$output"
    cp "${packages[@]/#/$root}" "$root$work"/rpmbuild/SRPMS/*.src.rpm "$output"
  fi
}

# rpm itself makes the packages of debugging information, so rpmlint does not check these.
check_packages ()
{
  local package

  say "Checking the packages"
  mapfile -t package < <(printf '%s\n' "${packages[@]}" | grep -v -e -debuginfo- -e -debugsource-)
  lint "${package[@]}" "$work/rpmbuild/SRPMS/$(cd "$root$work/rpmbuild/SRPMS" && ls)"

  # Folders may belong to several packages, but files may not.
  clean rpm --query --package --queryformat '[%{FILEMODES:perms} %{FILENAMES}\n]' "${packages[@]}" \
    | awk '!/^d/ { print $2 }' | sort | uniq --repeated > "$scratch/twice"
  [ ! -s "$scratch/twice" ] || fail "these files are in two packages: $(cat "$scratch/twice")"

  # The features of rpm and the symbol versions of glibc and libgcc are not printed.
  clean rpm --query --package --provides "${packages[@]}" | sort -u > "$scratch/provided"
  clean rpm --query --package --requires "${packages[@]}" | sort -u > "$scratch/required"
  comm -13 "$scratch/provided" "$scratch/required" | grep -v '^rpmlib(' > "$scratch/others"
  ! grep -i hb-websocket "$scratch/others" || fail "no package provides what these lines require"
  echo "The packages require from other packages:"
  grep -v -e '(GLIBC_' -e '(GCC_' "$scratch/others" | fmt --width=96
}

# try NAME COMMAND...: runs COMMAND with the files in $installed_root. If COMMAND fails, the script
# fails with NAME in its message.
try ()
{
  local name=$1

  shift
  clean env LD_LIBRARY_PATH="$installed_root/usr/lib64" \
    GI_TYPELIB_PATH="$installed_root/usr/lib64/girepository-1.0" \
    PKG_CONFIG_PATH="$installed_root/usr/lib64/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$installed_root" \
    "$@" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; fail "$name does not work"; }
}

install_and_remove ()
{
  local installed left installed_root=$work/root

  say "Installing all packages together, and removing them"
  mkdir "$root$installed_root"
  clean rpm --root="$installed_root" --install --nodeps "${packages[@]}"

  mapfile -t installed < <(clean rpm --root="$installed_root" --query --all)
  clean rpm --root="$installed_root" --verify --nodeps "${installed[@]}" \
    || fail "the installed files differ from the packages"

  left=$(find "$root$installed_root" -xtype l -not -path '*/.build-id/*' -printf '/%P\n')
  [ -z "$left" ] || fail "these links are broken: $left"
  try hb-cat "$installed_root/usr/bin/hb-cat" --version
  try echo-server "$installed_root/usr/libexec/hb-websocket/echo-server" --help
  try "the monitor" "$installed_root/usr/bin/hb-websocket-monitor" --help
  try "the typelib" /usr/bin/python3 -c \
    "import gi; gi.require_version('Hb', '1'); from gi.repository import Hb; Hb.WebsocketTask()"
  try "the library's file for pkg-config" pkg-config --exists "hb-websocket-1 = $version"

  clean rpm --root="$installed_root" --erase --nodeps "${installed[@]}"
  left=$(find "$root$installed_root" -not -type d -not -path "$root$installed_root/var/lib/rpm/*" \
    -printf '/%P\n')
  [ -z "$left" ] || fail "these files are left after the removal: $left"
  echo "${#installed[@]} packages"
}

parse_options cache output release -- "$@"
need git meson
begin_chroots fedora "$@"
choose_archive "$(dpkg --print-architecture)" "$release"
make_source
install_packages
leave_archive
write_macros
write_settings
check_spec
build
check_packages
install_and_remove

say "The packages are in order. All steps took $SECONDS s."
