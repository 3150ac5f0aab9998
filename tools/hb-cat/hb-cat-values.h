/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* For a wrong value, the parsers set a GOptionError that names the option. cat_fail () always
 * returns FALSE. */

gboolean cat_fail           (GError     **error,
                             const char  *format,
                             ...) G_GNUC_PRINTF (2, 3);
gboolean cat_parse_unsigned (const char  *option_name,
                             const char  *text,
                             guint64      min,
                             guint64      max,
                             guint64     *number,
                             GError     **error);
gboolean cat_parse_signed   (const char  *option_name,
                             const char  *text,
                             gint64      *number,
                             GError     **error);
gboolean cat_parse_value    (const char  *option_name,
                             const char  *text,
                             GValue      *value,
                             GError     **error);

G_END_DECLS
