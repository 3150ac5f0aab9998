/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-sessions-private.h"

/* Creates a session that has all of its features from the start. For a message in the queue,
 * libsoup takes one reference to each feature, and releases one of each feature that the session
 * has at the end. A feature that was added in between would be freed while it is in use.
 *
 * Returns: (transfer full) */
static SoupSession *
new_session (void)
{
  SoupSession *session = soup_session_new ();

  soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);

  return session;
}

void
hb_sessions_clear (HbSessions *self)
{
  g_clear_object (&self->given);
  g_clear_object (&self->own);
}

/* Takes effect at the next attempt. A connection keeps the session alive that made it.
 *
 * @given: (nullable)
 *
 * Returns whether @given is another session. */
gboolean
hb_sessions_set_given (HbSessions  *self,
                       SoupSession *given)
{
  if (!g_set_object (&self->given, given))
    return FALSE;

  hb_sessions_drop_own (self);

  return TRUE;
}

/* Returns the session for an attempt. A session resolves a server's name once. The private session
 * would keep using an address that the name no longer has, so it is replaced after a failed attempt
 * and after a connection that did not last.
 *
 * @is_retry: whether the last connection did not last
 *
 * Returns: (transfer none) */
SoupSession *
hb_sessions_use (HbSessions *self,
                 gboolean    is_retry)
{
  gboolean is_stale = self->has_failed || is_retry;

  self->has_failed = TRUE;

  if (self->given != NULL)
    return self->given;

  if (is_stale)
    hb_sessions_drop_own (self);

  if (self->own == NULL)
    self->own = new_session ();

  return self->own;
}

void
hb_sessions_on_opened (HbSessions *self)
{
  self->has_failed = FALSE;
}

void
hb_sessions_drop_own (HbSessions *self)
{
  g_clear_object (&self->own);
}
