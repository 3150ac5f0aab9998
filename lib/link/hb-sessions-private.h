/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The session that makes the connections: the application's, or a private one */
typedef struct
{
  SoupSession *given;      /* (nullable) the application's */
  SoupSession *own;        /* (nullable) private, made when it is first needed */
  gboolean     has_failed; /* The last attempt did not open a connection. */
} HbSessions;

void         hb_sessions_clear     (HbSessions  *self);
gboolean     hb_sessions_set_given (HbSessions  *self,
                                    SoupSession *given);
SoupSession *hb_sessions_use       (HbSessions  *self,
                                    gboolean     is_retry);
void         hb_sessions_on_opened (HbSessions  *self);
void         hb_sessions_drop_own  (HbSessions  *self);

G_END_DECLS
