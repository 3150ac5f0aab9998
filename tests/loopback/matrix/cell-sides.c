/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cell-sides.h"
#include "fixture.h"
#include "raw-frame.h"

#define PING "heartbeat"
#define PONG "pong"
#define LOGIN "login"

/* The timeouts for faults that a timeout detects, in milliseconds */
#define SHORT_PING    20
#define SHORT_PONG    30
#define SHORT_CONNECT 50
#define SHORT_CLOSE   30

/* Returns whether the attempt succeeds, or the connection stays open, in spite of the fault. */
gboolean
cell_goes_on (Cell *self)
{
  return cell_get_result (self)->end == END_NONE;
}

void
cell_mark_ready (Cell *self)
{
  hb_websocket_task_mark_ready (self->task);
  g_assert_true (hb_websocket_task_get_ready (self->task));
}

void
cell_send_messages (Cell  *self,
                    guint  n)
{
  for (; n > 0; n--)
    {
      gsize length = self->size + self->n_accepted;
      g_autofree char *payload = g_strnfill (length, 'x');
      g_autoptr (GBytes) bytes = g_bytes_new (payload, length);
      g_autoptr (GError) error = NULL;

      hb_websocket_task_send_bytes (self->task, bytes, &error);
      g_assert_no_error (error);
      self->n_accepted++;
    }
}

/* Returns whether a server has received the last message that the task has accepted, or TRUE if the
 * task has accepted none. */
gboolean
cell_has_last (Cell *self)
{
  guint i;

  for (i = self->arrivals->len; i > 0; i--)
    if (g_array_index (self->arrivals, CellArrival, i - 1).number + 1 == self->n_accepted)
      return TRUE;

  return self->n_accepted == 0;
}

void
cell_reply (Cell    *self,
            RawPeer *peer)
{
  if (self->mode == HB_HEARTBEAT_MODE_PING)
    raw_peer_send (peer, RAW_PONG, PING, strlen (PING));
  else
    raw_peer_send_text (peer, PONG);
}

static void
on_message (Cell       *self,
            RawPeer    *peer,
            const char *size)
{
  guint64 length;
  CellArrival arrival = { .peer = peer };

  g_assert_true (g_ascii_string_to_unsigned (size, 10, CELL_SMALL, G_MAXUINT, &length, NULL));
  arrival.number = length - (length < CELL_BIG ? CELL_SMALL : CELL_BIG);
  arrival.link = raw_peer_get_index (peer);
  if (raw_peer_get_server (peer) != self->server)
    arrival.link += 1000;

  g_array_append_val (self->arrivals, arrival);
}

static void
received_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Cell *self = user_data;
  g_autofree char *word = raw_peer_take (peer);
  gboolean answers = peer != self->victim || !self->is_deaf;

  if (g_str_has_prefix (word, "binary:"))
    on_message (self, peer, word + strlen ("binary:"));
  else if (g_str_has_prefix (word, "pong:"))
    self->n_pongs++;
  else if (g_strcmp0 (word, "text:" PING) == 0 || g_strcmp0 (word, "ping:" PING) == 0)
    {
      if (answers)
        cell_reply (self, peer);
      self->has_pinged = TRUE;
    }
  else if (g_strcmp0 (word, "text:" LOGIN) == 0)
    {
      g_assert_cmpint (self->state, ==, STATE_UNREADY);
      self->has_login = TRUE;
    }
  else if (g_str_has_prefix (word, "close:"))
    {
      if (answers)
        raw_peer_send_close (peer, 1000, NULL);
      self->has_closed = TRUE;
    }
  else
    g_error ("the client sent %s", word);
}

/* Shortens the timeout that detects the fault, if any. */
static void
hurry (Cell *self)
{
  if ((self->fault->slow & 1u << self->state) == 0)
    return;

  if (self->fault->phase != PHASE_LINK)
    {
      hb_websocket_task_set_connect_timeout (self->task, SHORT_CONNECT);
    }
  else if (self->state == STATE_UNREADY)
    {
      hb_websocket_task_set_connect_timeout (self->task, SHORT_CONNECT);
    }
  else if (self->state == STATE_CLOSING)
    {
      hb_websocket_task_set_close_timeout (self->task, SHORT_CLOSE);
    }
  else
    {
      hb_websocket_task_set_pong_timeout (self->task, SHORT_PONG);
      hb_websocket_task_set_ping_timeout (self->task, SHORT_PING);
    }
}

/* Sets timeouts that do not expire even on a slow machine. */
static void
calm (Cell *self)
{
  hb_websocket_task_set_connect_timeout (self->task, 60000);
  hb_websocket_task_set_close_timeout (self->task, 60000);
  hb_websocket_task_set_pong_timeout (self->task, 60000);
  hb_websocket_task_set_ping_timeout (self->task, 0);
}

/* Causes the fault. */
void
cell_strike (Cell *self)
{
  self->is_struck = TRUE;

  if (self->fault->phase == PHASE_NOBODY)
    {
      raw_server_stop (self->server);
      return;
    }

  if (self->state != STATE_LEFT)
    hurry (self);
  self->fault->act (self, self->victim);
}

/* Ends the fault, so that later connections work. */
void
cell_disarm (Cell *self)
{
  self->is_armed = FALSE;
  calm (self);

  if (self->is_struck && self->fault->phase == PHASE_NOBODY)
    {
      raw_server_stop (self->server);
      raw_server_start (self->server);
    }
}

static void
accepted_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Cell *self = user_data;

  if (!self->is_armed || self->fault->phase != PHASE_ACCEPT)
    return;

  self->victim = peer;
  if (self->state == STATE_LEFT)
    raw_peer_pause (peer);
  else
    cell_strike (self);
}

static void
requested_cb (RawPeer  *peer,
              gpointer  user_data)
{
  Cell *self = user_data;

  if (!self->is_armed || raw_peer_get_server (peer) != self->server)
    {
      raw_peer_accept (peer);
      return;
    }

  self->victim = peer;

  if (self->fault->phase == PHASE_LINK)
    {
      self->is_armed = FALSE;
      self->is_deaf = !cell_goes_on (self);
      raw_peer_gather (peer, TRUE);
      raw_peer_accept (peer);
      cell_strike (self);
      raw_peer_gather (peer, FALSE);
    }
  else if (self->state != STATE_LEFT)
    {
      cell_strike (self);
    }
}

/* If the fault includes messages, answers them. The connection may end just afterwards. */
static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Cell                  *self)
{
  if (self->fault->messages != NULL)
    cell_send_messages (self, 2);
}

/* In the state UNREADY, marks a connection as ready only if it was opened after the fault. */
static void
open_cb (HbWebsocketTask *task,
         Cell            *self)
{
  g_autoptr (GError) error = NULL;

  if (self->state != STATE_UNREADY)
    return;

  g_assert_false (hb_websocket_task_get_ready (task));
  hb_websocket_task_send_text_with_flags (task, LOGIN, HB_SEND_FLAGS_THIS_LINK, &error);
  g_assert_no_error (error);
  if (self->is_struck)
    cell_mark_ready (self);
}

static gboolean
authenticate_cb (SoupMessage *message,
                 SoupAuth    *auth,
                 gboolean     is_again,
                 Cell        *self)
{
  if (is_again || self->fault->number == 0)
    return FALSE;

  soup_auth_authenticate (auth, "user", self->fault->number == 1 ? "password" : "wrong");

  return TRUE;
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               Cell            *self)
{
  g_signal_connect (message, "authenticate", G_CALLBACK (authenticate_cb), self);
}

/* Runs while the task waits, after the signal log has recorded the signal. */
static void
reconnect_cb (HbWebsocketTask *task,
              guint            attempt,
              guint            delay,
              Cell            *self)
{
  if (self->is_struck)
    {
      cell_disarm (self);
      /* Before a connection is ready, the only message sent is the login, which has no number. */
      if (self->state != STATE_UNREADY)
        self->n_handed = get_metric (task, hb_metrics_get_messages_sent)
                         + get_metric (task, hb_metrics_get_messages_dropped);
      if (self->fault->is_late)
        cell_reply (self, self->victim);
    }
  else if (self->fault->phase == PHASE_NOBODY)
    {
      cell_strike (self);
    }

  /* A fault that hits a connection while it opens must find no message in flight. */
  if (self->is_struck || self->fault->phase != PHASE_LINK)
    cell_send_messages (self, 2);

  /* Ends a long delay that the server has requested. */
  if (delay > 1000)
    hb_websocket_task_check (task);
}

static RawServer *
make_server (Cell            *self,
             GTlsCertificate *certificate)
{
  RawServer *server = raw_server_new_tls (certificate);

  raw_server_set_received (server, received_cb, self);
  raw_server_set_accepted (server, accepted_cb, self);
  raw_server_set_requested (server, requested_cb, self);

  return server;
}

static gboolean
names (const Cell *self,
       const char *placeholder)
{
  return self->fault->data != NULL && strstr (self->fault->data, placeholder) != NULL;
}

/* Returns whether any server of the cell uses TLS. */
gboolean
cell_uses_tls (const Cell *self)
{
  return self->is_tls || names (self, "{wss}");
}

void
cell_set_up (Cell *self)
{
  self->server = make_server (self, self->is_tls ? self->certificate : NULL);
  if (names (self, "{wss}"))
    self->elsewhere = make_server (self, self->certificate);
  else if (names (self, "{ws}") || names (self, "{http}"))
    self->elsewhere = make_server (self, NULL);

  self->arrivals = g_array_new (FALSE, FALSE, sizeof (CellArrival));
  self->size = self->state == STATE_BACKLOG ? CELL_BIG : CELL_SMALL;
  self->task = hb_websocket_task_new (raw_server_get_uri (self->server));
  hb_websocket_task_set_reconnect_timeout (self->task, 1);
  hb_websocket_task_set_heartbeat_mode (self->task, self->mode);
  hb_websocket_task_set_pong_message (self->task, PONG);
  hb_websocket_task_set_manual_ready (self->task, self->state == STATE_UNREADY);
  if (self->fault->limit == NO_LIMIT)
    hb_websocket_task_set_max_message_size (self->task, 0);
  else if (self->fault->limit > 0)
    hb_websocket_task_set_max_message_size (self->task, self->fault->limit);
  calm (self);

  self->log = signal_log_new (self->task);
  g_signal_connect (self->task, "connecting", G_CALLBACK (connecting_cb), self);
  g_signal_connect (self->task, "open", G_CALLBACK (open_cb), self);
  g_signal_connect (self->task, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->task, "reconnect", G_CALLBACK (reconnect_cb), self);
}

void
cell_tear_down (Cell *self)
{
  wait_idle ();
  signal_log_expect_quiet (self->log);
  g_assert_finalize_object (self->task);
  signal_log_free (self->log);
  g_clear_pointer (&self->server, raw_server_free);
  g_clear_pointer (&self->elsewhere, raw_server_free);
  g_clear_pointer (&self->arrivals, g_array_unref);
}
