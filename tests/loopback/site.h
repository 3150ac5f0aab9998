/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "raw-server.h"

G_BEGIN_DECLS

/* A server that records all requests. If the test requires a login, the server refuses each request
 * without one. If the test has set an answer, such as a redirect, the server sends it for the path
 * "/". The server accepts all other requests. */
typedef struct _Site Site;

Site       *site_new            (GTlsCertificate *certificate);
void        site_free           (Site            *self);
const char *site_get_uri        (Site            *self);
const char *site_get_authority  (Site            *self);
void        site_redirect       (Site            *self,
                                 guint            status,
                                 const char      *location);
void        site_answer         (Site            *self,
                                 const char      *answer);
void        site_require        (Site            *self,
                                 const char      *realm);
guint       site_get_n_requests (Site            *self);
const char *site_get_request    (Site            *self,
                                 guint            index);
const char *site_get_last       (Site            *self);

G_END_DECLS
