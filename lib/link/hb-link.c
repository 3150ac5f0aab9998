/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-dispose-later-private.h"
#include "hb-link-steps-private.h"
#include "hb-socket-private.h"

/* One attempt to connect, and then the resulting connection.
 *
 * emit_lost () reports the end once, in a source of the attempt or of the HbEnding, and never
 * within libsoup. The owner then drops the link. If the owner drops the link earlier, the end is
 * not reported. */

/* libsoup keeps the received part of a message in an array whose length is a guint, and adds the
 * length in a frame's header without checking for overflow, so the size of a received message is
 * always limited. */
#define MAX_MESSAGE G_MAXINT32

static void
free_link (gpointer data)
{
  HbLink *self = data;

  g_assert (self->connection == NULL);
  g_assert (self->ending == NULL && self->attempt == NULL);

  hb_channel_clear (&self->channel);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->context, g_main_context_unref);
}

static void
unref_link (HbLink *self)
{
  g_rc_box_release_full (self, free_link);
}

static void
emit_lost (HbLink       *self,
           const HbLoss *loss)
{
  hb_link_emit (self, (HbEvent) { .kind = HB_EVENT_LOST, .loss = loss });
  self->func = NULL;
}

static gboolean
is_usable (HbLink *self)
{
  return self->func != NULL
         && self->connection != NULL
         && !hb_ending_has_begun (self->ending);
}

/* Disposes of the connection in the next iteration of the loop, and releases the reference of the
 * link's owner. Must not be called before `depth` is 0, because libsoup holds no reference to a
 * connection while reading from it. */
void
hb_link_release (HbLink *self)
{
  if (self->connection != NULL)
    hb_dispose_later (G_OBJECT (g_steal_pointer (&self->connection)), self->context);

  unref_link (self);
}

static void
ended_cb (const HbLoss *loss,
          gpointer      user_data)
{
  HbLink *self = g_rc_box_acquire (user_data);

  hb_link_emit (self, (HbEvent) {
    .kind = HB_EVENT_PROGRESS,
    .written = self->channel.funcs->get_written (self->channel.data),
  });
  if (self->is_acknowledging)
    hb_link_query (self);
  emit_lost (self, loss);
  unref_link (self);
}

/* Takes ownership of @connection. Must be called before libsoup reads from it: see
 * hb_link_open_receiver (). */
static void
adopt_connection (HbLink                  *self,
                  SoupWebsocketConnection *connection)
{
  self->socket = hb_socket_find (connection);
  hb_channel_open (&self->channel, &connection, self->socket, self->context, hb_link_channel_cb,
                   self);

  if (self->socket != NULL)
    hb_socket_limit_unsent (self->socket);

  self->connection = connection;
  hb_link_apply_settings (self);
  if (self->is_acknowledging)
    hb_link_begin_acknowledgements (self);

  self->ending = hb_ending_new (connection, self->context, ended_cb, self);
  hb_link_open_receiver (self);
}

static void
turn_cb (gpointer user_data)
{
  hb_link_emit (user_data, (HbEvent) { .kind = HB_EVENT_TURN });
}

static void
attempted_cb (SoupWebsocketConnection *connection,
              const HbLoss            *loss,
              gpointer                 user_data)
{
  HbLink *self = g_rc_box_acquire (user_data);

  if (connection != NULL)
    {
      g_clear_pointer (&self->attempt, hb_attempt_drop);
      adopt_connection (self, connection);
      hb_link_emit_opened (self);
    }
  else
    {
      emit_lost (self, loss);
    }

  unref_link (self);
}

/* Creates a link. The link belongs to the context that is thread-default now.
 *
 * @settings: must exist until hb_link_drop ()
 * @headers: (nullable): the application's, for the request
 *
 * Returns: (transfer full): the link, which hb_link_drop () releases */
HbLink *
hb_link_new (guint               serial,
             const HbSettings   *settings,
             SoupMessageHeaders *headers,
             HbEventFunc         func,
             gpointer            user_data)
{
  HbLink *self = g_rc_box_new0 (HbLink);

  self->serial = serial;
  self->settings = settings;
  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->attempt = hb_attempt_new (settings, headers, turn_cb, attempted_cb, self);
  self->is_acknowledging = settings->delivery == HB_DELIVERY_ACKNOWLEDGED;

  return self;
}

/* Sends the request of the handshake. The context of the link must be thread-default, because
 * libsoup attaches its sources there. Must be called only once.
 *
 * @session: (nullable): the application's, or NULL to create a private one
 *
 * Returns FALSE if the request must wait until fewer attempts are running. HB_EVENT_TURN then
 * reports that the request has been sent. */
gboolean
hb_link_connect (HbLink      *self,
                 SoupSession *session)
{
  return hb_attempt_start (self->attempt, session, self->settings);
}

/* Must be called after max-message-size or fragment-size has changed. A handler that the
 * application has connected to the notification of libsoup's own limit may make the owner drop the
 * link. */
void
hb_link_apply_settings (HbLink *self)
{
  guint64 max_message_size = self->settings->max_message_size;
  gsize fragment_size = self->settings->fragment_size;

  if (self->connection == NULL)
    return;

  if (max_message_size == 0 || max_message_size > MAX_MESSAGE)
    max_message_size = MAX_MESSAGE;

  hb_link_begin_use (self);
  self->channel.funcs->set_max_message_size (self->channel.data, max_message_size);
  self->channel.funcs->set_fragment_size (self->channel.data,
                                          fragment_size == 0 ? G_MAXSIZE : fragment_size);
  hb_link_end_use (self);
}

/* If the result is FALSE although the connection is open, HB_EVENT_WRITABLE follows, unless the
 * connection ends. */
gboolean
hb_link_may_send (HbLink *self)
{
  return self->connection != NULL && self->channel.funcs->may_send (self->channel.data);
}

/* On a direct link, hb_link_send () may be called without hb_link_may_send (), and runs no code of
 * the application. */
gboolean
hb_link_is_direct (HbLink *self)
{
  return self->channel.is_direct;
}

/* Sends a message if the connection is open. Call hb_link_may_send () first, unless the link is
 * direct, or this function has just returned TRUE. If the link is not direct, the application's
 * handlers of the connection's signals may run, and may make the owner drop the link.
 *
 * @span: (out): the position of the message, empty if it was not sent
 *
 * Returns FALSE if the connection is not open or is ending, or if another message would have to
 * wait in the channel. Further messages must then wait in the machine, where a ping can overtake
 * them, and from which the next link can send them. */
gboolean
hb_link_send (HbLink   *self,
              HbOpcode  opcode,
              GBytes   *bytes,
              HbSpan   *span)
{
  gboolean is_writable;

  if (!is_usable (self))
    {
      *span = (HbSpan) { 0 };
      return FALSE;
    }

  hb_link_begin_use (self);
  is_writable = self->channel.funcs->send (self->channel.data, opcode, bytes, span);
  hb_link_end_use (self);

  return is_writable;
}

/* Sends a ping frame or, with another opcode, a message. Emits HB_EVENT_BLOCKED if another message
 * would have to wait. The connection must be open, and its end must not have begun. */
void
hb_link_ping (HbLink   *self,
              HbOpcode  opcode,
              GBytes   *payload)
{
  HbSpan span;

  hb_link_begin_use (self);
  if (!self->channel.funcs->send (self->channel.data, opcode, payload, &span))
    hb_link_emit (self, (HbEvent) { .kind = HB_EVENT_BLOCKED });

  hb_link_end_use (self);
}

/* Sends a close frame. Does nothing if the connection is not open, or if its end has begun on
 * either side. A handler that the application has connected to libsoup's `closing` may make the
 * owner drop the link. */
void
hb_link_close (HbLink     *self,
               guint       code,
               const char *reason)
{
  if (!is_usable (self) || !hb_channel_is_open (self->connection))
    return;

  hb_link_begin_use (self);
  hb_handlers_connect (&self->handlers);
  hb_ending_send_close (self->ending, code, reason);

  /* Without the flush, the close frame could be lost if the link were dropped in the same
   * iteration. */
  if (!self->is_dropped)
    self->channel.funcs->flush (self->channel.data);

  hb_link_end_use (self);
}

/* Ends the link at once, in any state, and releases the caller's reference. No event follows. */
void
hb_link_drop (HbLink *self)
{
  self->func = NULL;
  self->is_dropped = TRUE;
  g_clear_pointer (&self->attempt, hb_attempt_drop);
  g_clear_pointer (&self->ending, hb_ending_free);

  if (self->connection != NULL)
    {
      self->channel.funcs->detach (self->channel.data);
      hb_handlers_clear (&self->handlers);

      /* While the send buffer is full, closing TLS would wait until the peer accepts more bytes. A
       * dead peer would keep the connection in memory. */
      if (self->socket != NULL)
        hb_socket_shut_down (self->socket);
    }

  if (self->depth == 0)
    hb_link_release (self);
}

guint
hb_link_get_serial (HbLink *self)
{
  return self->serial;
}

/* Returns: (transfer none) (nullable): NULL once the connection is open */
SoupMessage *
hb_link_get_request (HbLink *self)
{
  return self->attempt != NULL ? hb_attempt_get_request (self->attempt) : NULL;
}

/* The application may connect handlers to the connection's signals from now on.
 *
 * Returns: (transfer none) (nullable): NULL before the connection is open */
SoupWebsocketConnection *
hb_link_get_connection (HbLink *self)
{
  if (self->connection != NULL)
    hb_handlers_expose (&self->handlers);

  return self->connection;
}

/* Returns: (nullable): NULL before the connection is open, or if no subprotocol was negotiated */
const char *
hb_link_get_protocol (HbLink *self)
{
  if (self->connection == NULL)
    return NULL;

  return soup_websocket_connection_get_protocol (self->connection);
}

/* Returns whether a handler of a message or pong may be running. A main loop in such a handler
 * cannot read the next message or pong. */
gboolean
hb_link_is_held_up (HbLink *self)
{
  return self->depth > 0;
}

/* Ends a pause of reading, so that received bytes are read in the next iteration of the loop.
 * Returns FALSE if reading was not paused. */
gboolean
hb_link_read_on (HbLink *self)
{
  return self->connection != NULL && self->channel.funcs->read_on (self->channel.data);
}

void
hb_link_set_reading (HbLink   *self,
                     gboolean  is_reading)
{
  if (self->connection != NULL)
    self->channel.funcs->set_reading (self->channel.data, is_reading);
}

/* Returns 0 if the connection is not open yet. */
guint64
hb_link_get_written (HbLink *self)
{
  return self->connection != NULL ? self->channel.funcs->get_written (self->channel.data) : 0;
}

/* Returns whether the attempt or the connection has ended, and the end has not been reported yet.
 * HB_EVENT_OPENED or HB_EVENT_LOST reports it in the next iteration at the latest. */
gboolean
hb_link_has_ended (HbLink *self)
{
  return (self->attempt != NULL && hb_attempt_has_ended (self->attempt))
         || (self->ending != NULL && hb_ending_has_begun (self->ending));
}

/* Returns whether the request still waits for a connection of the session: see
 * hb_attempt_is_queued (). */
gboolean
hb_link_is_queued (HbLink *self)
{
  return self->attempt != NULL && hb_attempt_is_queued (self->attempt);
}
