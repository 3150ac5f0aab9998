/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* An HTTP proxy in the thread-default main context. The proxy opens tunnels, or sends the answer
 * that the test has set, and keeps the head of each request. */
typedef struct _Proxy Proxy;

Proxy      *proxy_new            (void);
void        proxy_free           (Proxy       *self);
char       *proxy_make_uri       (Proxy       *self,
                                  const char  *user_info);
void        proxy_use            (Proxy       *self,
                                  SoupSession *session,
                                  const char  *user_info);
void        proxy_require        (Proxy       *self,
                                  const char  *user_info);
void        proxy_set_answer     (Proxy       *self,
                                  const char  *answer);
guint       proxy_get_n_requests (Proxy       *self);
const char *proxy_get_request    (Proxy       *self,
                                  guint        index);

G_END_DECLS
