/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RFC 6455, 7.4.1. No frame has the code 1005, which stands for a close frame without a code, or
 * 1006, which stands for a connection that ended without a close frame. */
#define HB_CLOSE_NORMAL         1000
#define HB_CLOSE_PROTOCOL_ERROR 1002
#define HB_CLOSE_NONE           1005
#define HB_CLOSE_ABNORMAL       1006
#define HB_CLOSE_TOO_BIG        1009

gboolean hb_syntax_check_uri       (const char          *uri,
                                    GError             **error);
gboolean hb_syntax_check_protocols (const char * const  *protocols,
                                    GError             **error);
gboolean hb_syntax_check_origin    (const char          *origin,
                                    GError             **error);
gboolean hb_syntax_make_close      (guint               *code,
                                    char               **reason,
                                    GError             **error);
gboolean hb_syntax_check_text      (const char          *text,
                                    gsize                length,
                                    GError             **error);

G_END_DECLS
