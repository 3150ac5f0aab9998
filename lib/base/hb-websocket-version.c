/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-websocket-version.h"

/**
 * hb_get_major_version:
 *
 * Gets the major version of the library at run time.
 *
 * [const@MAJOR_VERSION] is that of the headers that the caller was compiled against.
 *
 * Returns: the major version
 *
 * Since: 1.0
 */
guint
hb_get_major_version (void)
{
  return HB_MAJOR_VERSION;
}

/**
 * hb_get_minor_version:
 *
 * Gets the minor version of the library at run time.
 *
 * [const@MINOR_VERSION] is that of the headers that the caller was compiled against.
 *
 * Returns: the minor version
 *
 * Since: 1.0
 */
guint
hb_get_minor_version (void)
{
  return HB_MINOR_VERSION;
}

/**
 * hb_get_micro_version:
 *
 * Gets the micro version of the library at run time.
 *
 * [const@MICRO_VERSION] is that of the headers that the caller was compiled against.
 *
 * Returns: the micro version
 *
 * Since: 1.0
 */
guint
hb_get_micro_version (void)
{
  return HB_MICRO_VERSION;
}

/**
 * hb_check_version:
 * @major: the required major version
 * @minor: the required minor version
 * @micro: the required micro version
 *
 * Checks at run time whether the library is compatible with a version.
 *
 * The library is compatible if it has the required version or a later one, and the same major
 * version.
 *
 * Returns: (nullable) (transfer none): `NULL` if the library is compatible, or the reason why it is
 *   not, in English
 *
 * Since: 1.0
 */
const char *
hb_check_version (guint major,
                  guint minor,
                  guint micro)
{
  if (major < HB_MAJOR_VERSION)
    return "hb-websocket is too new (major version differs)";

  if (!HB_CHECK_VERSION ((int) major, (int) minor, (int) micro))
    return "hb-websocket is too old";

  return NULL;
}
