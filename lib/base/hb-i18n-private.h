/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define _(string)                      (hb_gettext (string))

const char *hb_gettext  (const char *string) G_GNUC_FORMAT (1);
const char *hb_ngettext (const char *single,
                         const char *plural,
                         gulong      n) G_GNUC_FORMAT (1) G_GNUC_FORMAT (2);

G_END_DECLS
