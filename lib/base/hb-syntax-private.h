/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean hb_syntax_check_uri       (const char          *uri,
                                    GError             **error);
gboolean hb_syntax_check_protocols (const char * const  *protocols,
                                    GError             **error);
gboolean hb_syntax_check_origin    (const char          *origin,
                                    GError             **error);
gboolean hb_syntax_check_close     (guint                code,
                                    const char          *reason,
                                    GError             **error);
gboolean hb_syntax_check_text      (const char          *text,
                                    gsize                length,
                                    GError             **error);

G_END_DECLS
