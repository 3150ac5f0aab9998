/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The redirects of one request */
typedef struct
{
  SoupSession *session;        /* (nullable) (weak) NULL once the session has been freed */
  guint        n_followed;
  gboolean     has_authorized; /* The request has had an Authorization header. */
} HbRedirects;

void     hb_redirects_handle_response (HbRedirects *self,
                                       SoupMessage *request);
gboolean hb_redirect_is_same_origin   (GUri        *one,
                                       GUri        *other);

G_END_DECLS
