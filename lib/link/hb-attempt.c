/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>

#include "hb-attempt-private.h"
#include "hb-certificate-private.h"
#include "hb-context-private.h"
#include "hb-dispose-later-private.h"
#include "hb-handshake-private.h"
#include "hb-refusal-private.h"
#include "hb-turn-private.h"

/* One attempt to connect. The end is reported from a source of its own and never from within
 * libsoup, which goes through the requests of a session without holding references to them. If a
 * handler of the application ran a main loop at that point, other requests could end, and libsoup
 * would continue with freed memory. */
struct _HbAttempt
{
  HbAttemptTurnFunc        turn_func;
  HbAttemptFunc            func;        /* (nullable) NULL after the report of the end, or a drop */
  gpointer                 user_data;
  GMainContext            *context;
  SoupSession             *session;     /* (nullable) the application's, or a private one */
  SoupMessage             *request;
  GCancellable            *cancellable; /* (nullable) NULL once the attempt has ended */
  char                    *origin;      /* (nullable) */
  char                   **protocols;   /* (nullable) */
  HbTurn                   turn;
  GSource                 *report;      /* (nullable) the source that reports the end */
  SoupWebsocketConnection *connection;  /* (nullable) the result, until it is reported */
  GError                  *error;       /* (nullable) why the attempt failed */
  gboolean                 is_pollable; /* The cancellable has its descriptor. */
};

static void
free_attempt (gpointer data)
{
  HbAttempt *self = data;

  g_assert (self->connection == NULL);

  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->request);
  g_clear_object (&self->session);
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->protocols, g_strfreev);
  g_clear_pointer (&self->context, g_main_context_unref);
}

static void
unref_attempt (HbAttempt *self)
{
  g_rc_box_release_full (self, free_attempt);
}

static void
end (HbAttempt               *self,
     SoupWebsocketConnection *connection,
     const HbLoss            *loss)
{
  HbAttemptFunc func = g_steal_pointer (&self->func);

  func (connection, loss, self->user_data);
}

static void
fail (HbAttempt *self)
{
  g_autoptr (GError) translated = hb_handshake_translate_error (self->request, self->error);

  end (self, NULL, &(HbLoss) {
    .error = translated,
    .code = SOUP_WEBSOCKET_CLOSE_ABNORMAL,
    .http_status = soup_message_get_status (self->request),
    .retry_after = hb_handshake_get_retry_after (self->request),
    .is_permanent = hb_handshake_is_unsupported (self->request),
  });
}

static gboolean
report_cb (gpointer user_data)
{
  HbAttempt *self = user_data;
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_context_push (self->context);

  g_clear_pointer (&self->report, g_source_unref);

  if (self->connection != NULL)
    end (self, g_steal_pointer (&self->connection), NULL);
  else
    fail (self);

  return G_SOURCE_REMOVE;
}

/* The source has a higher priority than the one with which libsoup reads from the connection,
 * because a handler that is connected after the first read would miss frames. */
static void
report_later (HbAttempt *self)
{
  self->report = g_idle_source_new ();
  g_source_set_priority (self->report, G_PRIORITY_HIGH);
  g_source_set_callback (self->report, report_cb, g_rc_box_acquire (self),
                         (GDestroyNotify) unref_attempt);
  g_source_set_static_name (self->report, "[hb] attempt");
  g_source_attach (self->report, self->context);
}

/* The TLS handshake runs in a thread, which polls the cancellable. If GLib could not open the
 * descriptor of the cancellable, it would abort the process, so the descriptor is opened here, and
 * kept until the attempt ends. */
static void
network_event_cb (SoupMessage        *request,
                  GSocketClientEvent  event,
                  GIOStream          *stream,
                  gpointer            user_data)
{
  HbAttempt *self = user_data;
  GPollFD unused;

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING || self->is_pollable)
    return;

  self->is_pollable = hb_context_has_descriptors ();
  if (self->is_pollable)
    g_cancellable_make_pollfd (self->cancellable, &unused);
  else
    hb_refusal_cancel (request, g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (errno),
                                                     g_strerror (errno)));
}

static void
connect_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  HbAttempt *self = user_data;
  g_autoptr (SoupWebsocketConnection) connection = NULL;

  connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &self->error);
  g_signal_handlers_disconnect_by_func (self->request, network_event_cb, self);
  if (self->is_pollable)
    g_cancellable_release_fd (self->cancellable);
  g_clear_object (&self->cancellable);

  if (self->func != NULL)
    {
      self->connection = g_steal_pointer (&connection);
      report_later (self);
    }
  else if (connection != NULL)
    {
      /* The connection was made before the cancellation took effect. */
      hb_dispose_later (G_OBJECT (g_steal_pointer (&connection)), self->context);
    }

  unref_attempt (self);
}

/* The attempt belongs to the context that is thread-default now.
 *
 * Returns: (transfer full): the attempt, which hb_attempt_drop () releases */
HbAttempt *
hb_attempt_new (const HbSettings   *settings,
                SoupMessageHeaders *headers,
                HbAttemptTurnFunc   turn_func,
                HbAttemptFunc       func,
                gpointer            user_data)
{
  HbAttempt *self = g_rc_box_new0 (HbAttempt);

  self->turn_func = turn_func;
  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->request = hb_handshake_new_request (settings, headers);
  self->cancellable = g_cancellable_new ();
  hb_refusal_prepare (self->request, self->cancellable);
  hb_certificate_guard (self->request);

  return self;
}

/* Creates a session for one attempt. A session that was kept would add sources to each iteration of
 * the loop, and might reuse an address to which the name of the server no longer resolves. A shared
 * session could send the password of one task in the requests of another.
 *
 * All features are added at the start. libsoup takes a reference to each feature when a request
 * joins the queue. When the request leaves the queue, libsoup before 3.6.6 releases one reference
 * to each feature that the session then has, so a feature that was added in between would be freed
 * while it is in use.
 *
 * Returns: (transfer full) */
static SoupSession *
new_session (void)
{
  SoupSession *session = soup_session_new ();

  soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);

  return session;
}

static void
send_request (HbAttempt *self)
{
  if (self->session == NULL)
    self->session = new_session ();

  hb_handshake_guard (self->session, self->request);
  g_signal_connect (self->request, "network-event", G_CALLBACK (network_event_cb), self);
  soup_session_websocket_connect_async (self->session, self->request,
                                        self->origin, self->protocols,
                                        G_PRIORITY_DEFAULT, self->cancellable,
                                        connect_cb, g_rc_box_acquire (self));
}

static void
turn_cb (gpointer user_data)
{
  HbAttempt *self = g_rc_box_acquire (user_data);

  send_request (self);

  /* A handler of the session's "request-queued" may have dropped the attempt. */
  if (self->func != NULL)
    self->turn_func (self->user_data);

  unref_attempt (self);
}

/* Sends the request, or makes it wait until fewer attempts are running.
 *
 * @session: (nullable): the application's, or NULL to create a private one
 *
 * Returns whether the request was sent. If not, the turn function is called later. */
gboolean
hb_attempt_start (HbAttempt        *self,
                  SoupSession      *session,
                  const HbSettings *settings)
{
  g_set_object (&self->session, session);
  self->origin = g_strdup (settings->origin);
  self->protocols = g_strdupv (settings->protocols);
  hb_handshake_set_compression (self->request, settings->compression);

  if (!hb_turn_take (&self->turn, session, self->context, turn_cb, self))
    return FALSE;

  send_request (self);
  return TRUE;
}

/* Releases the caller's reference, and cancels an attempt that has not ended. The functions that
 * were passed to hb_attempt_new () are not called after this. */
void
hb_attempt_drop (HbAttempt *self)
{
  self->func = NULL;
  hb_turn_end (&self->turn);

  if (self->cancellable != NULL)
    {
      g_cancellable_cancel (self->cancellable);
      hb_certificate_cancel (self->request, self->context);
    }

  g_clear_pointer (&self->report, hb_context_end_source);

  if (self->connection != NULL)
    hb_dispose_later (G_OBJECT (g_steal_pointer (&self->connection)), self->context);

  unref_attempt (self);
}

/* Returns: (transfer none) */
SoupMessage *
hb_attempt_get_request (HbAttempt *self)
{
  return self->request;
}

/* Returns whether the request is still waiting for a connection. A session limits the number of its
 * connections, so a request may have to wait. After a redirect, libsoup may keep the id of the
 * previous connection, so the result may be FALSE although the request is waiting. The result has
 * no meaning before the attempt has its turn. */
gboolean
hb_attempt_is_queued (HbAttempt *self)
{
  return soup_message_get_connection_id (self->request) == 0;
}

/* Returns whether the attempt has ended and the end has not been reported yet. */
gboolean
hb_attempt_has_ended (HbAttempt *self)
{
  return self->report != NULL;
}
