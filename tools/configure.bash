# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# A function for scripts that build the library. A script changes to the source folder, sources this
# file, and can then call:
#
#   configure KIND BUILD_DIR [-DOPTION=VALUE]...   installs the missing packages of KIND (see
#                             install-packages.sh), and sets up BUILD_DIR; ends the script if
#                             BUILD_DIR is not writable or packages cannot be installed

configure ()
{
  local kind=$1 build_dir=$2
  shift 2

  # Without this check, Meson would show a traceback after the packages have been installed.
  if ! mkdir -p "$build_dir" 2> /dev/null || [ ! -w "$build_dir" ]; then
    echo "$0: $(realpath -m "$build_dir") cannot be" \
      "written to; choose another folder with --build-dir=DIR" >&2
    exit 1
  fi

  tools/install-packages.sh "$kind" || exit

  # Packages that were missing before may be installed now.
  if [ -f "$build_dir/build.ninja" ]; then
    meson setup --reconfigure "$@" "$build_dir"
  else
    meson setup "$@" "$build_dir"
  fi
}
