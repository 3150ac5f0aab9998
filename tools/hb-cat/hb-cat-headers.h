/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The request headers of --header and --user. No error shows their values, which may be secret. */

gboolean cat_headers_add      (SoupMessageHeaders  *headers,
                               const char          *argument,
                               GError             **error);
gboolean cat_headers_add_user (SoupMessageHeaders  *headers,
                               const char          *user,
                               GError             **error);

G_END_DECLS
