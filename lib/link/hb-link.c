/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "hb-dispose-later-private.h"
#include "hb-error.h"
#include "hb-handshake-private.h"
#include "hb-i18n-private.h"
#include "hb-link-private.h"
#include "hb-stream-private.h"

/* One attempt, and the link that may come of it.
 *
 * However a link ends, it does so in leave (), from a source of its own and never from within
 * libsoup, and once. The owner then drops it; or drops it before, at any time. */
struct _HbLink
{
  HbEventFunc              func;        /* (nullable) NULL once the link has ended or was dropped */
  gpointer                 user_data;
  GMainContext            *context;
  SoupSession             *session;     /* (nullable) NULL before hb_link_connect () */
  SoupMessage             *request;     /* (nullable) NULL once it has been answered */
  GCancellable            *cancellable; /* (nullable) as this */
  SoupWebsocketConnection *connection; /* (nullable) */
  HbStream                *stream;     /* (nullable) below the connection, where that can be had */
  guint64                  n_sent;     /* frames of messages, where there is no stream */
  GSocket                 *socket;     /* (nullable) */
  GSource                 *exit;       /* (nullable) */
  GSource                 *output;     /* (nullable) waits to write, where there is no stream */
  GError                  *error;      /* (nullable) why it ended, if by an error */
  guint64                  max_message_size;
  guint                    serial;
  guint                    depth;      /* of handlers that libsoup is calling at this moment */
  gboolean                 closing;    /* we have sent a close frame */
  gboolean                 dropped;
};

G_STATIC_ASSERT ((int) HB_OPCODE_TEXT == (int) SOUP_WEBSOCKET_DATA_TEXT);
G_STATIC_ASSERT ((int) HB_OPCODE_BINARY == (int) SOUP_WEBSOCKET_DATA_BINARY);

/* tcp(7): the socket is writable only while fewer bytes than this are unsent, so that a heartbeat
 * does not stand in line behind megabytes, and little is in the kernel when the link is lost. */
#define NOTSENT_LOWAT (64 * 1024)

/* RFC 6455, 5.5: the code of a close frame is in it too. */
#define MAX_PING   125
#define MAX_REASON (MAX_PING - 2)

/* libsoup keeps what has come of a message in an array whose length is a guint, and adds to the
 * length that it is told without a look at the sum: so there is always a limit. */
#define MAX_MESSAGE G_MAXINT32

static void
free_link (gpointer data)
{
  HbLink *self = data;

  g_assert (self->connection == NULL);
  g_assert (self->exit == NULL && self->output == NULL);

  g_clear_object (&self->stream);
  g_clear_object (&self->socket);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->request);
  g_clear_object (&self->session);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->error);
}

static void
unref_link (HbLink *self)
{
  g_rc_box_release_full (self, free_link);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
attach (HbLink      *self,
        GSource     *source,
        GSourceFunc  func,
        gpointer     user_data,
        const char  *name)
{
  g_source_set_callback (source, func, user_data, NULL);
  g_source_set_static_name (source, name);
  g_source_attach (source, self->context);

  return source;
}

/* Under whatever libsoup and TLS have laid over it */
static GSocket *
find_socket (SoupWebsocketConnection *connection)
{
  const char *bases[] = { "base-iostream", "base-io-stream" };
  g_autoptr (GIOStream) stream = NULL;
  guint i = 0;

  stream = g_object_ref (soup_websocket_connection_get_io_stream (connection));

  while (!G_IS_SOCKET_CONNECTION (stream) && i < G_N_ELEMENTS (bases))
    {
      GIOStream *base = NULL;

      if (g_object_class_find_property (G_OBJECT_GET_CLASS (stream), bases[i]) == NULL)
        {
          i++;
          continue;
        }

      g_object_get (stream, bases[i], &base, NULL);
      if (base == NULL)
        return NULL;

      g_object_unref (stream);
      stream = base;
      i = 0;
    }

  if (!G_IS_SOCKET_CONNECTION (stream))
    return NULL;

  return g_object_ref (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

/* Lets go of the connection, which is still being used where libsoup is calling us: it takes no
 * reference to itself while it reads. */
static void
release_connection (HbLink *self)
{
  if (self->connection != NULL && self->depth == 0)
    hb_dispose_later (G_OBJECT (g_steal_pointer (&self->connection)), self->context);
}

static gboolean
is_usable (HbLink *self)
{
  return self->connection != NULL
         && self->func != NULL
         && self->exit == NULL
         && soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
tell (HbLink  *self,
      HbEvent  event)
{
  if (self->func == NULL)
    return;

  event.serial = self->serial;
  self->func (&event, self->user_data);
}

/* The one exit. */
static void
leave (HbLink       *self,
       const HbLoss *loss)
{
  clear_source (&self->exit);
  clear_source (&self->output);

  tell (self, (HbEvent) { .kind = HB_EVENT_LOST, .loss = loss });
  self->func = NULL;
}

/* Whether it was the peer that has ended the link: by a close frame, a FIN, or a reset. An error of
 * the protocol, or of the network, is none of these. Over TLS, a FIN without a close_notify is
 * G_TLS_ERROR_EOF, a reset is the same error as without TLS, and an alert is an error of the
 * protocol. */
static gboolean
is_by_peer (HbLink *self)
{
  return self->error == NULL
         || g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
         || g_error_matches (self->error, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

/* What the peer said of the end. Codes 1012 to 1014, registered since, are an error of the protocol
 * to libsoup, which knows them all the same. */
static void
read_end (HbLink *self,
          HbLoss *loss)
{
  guint code = soup_websocket_connection_get_close_code (self->connection);

  if (code >= 1012 && code <= 1014)
    g_clear_error (&self->error);

  loss->by_peer = is_by_peer (self);
  loss->error = self->error;
  loss->code = code;
  loss->reason = soup_websocket_connection_get_close_data (self->connection);

  /* Where the close frame itself was the error, or none came, there is no code: RFC 6455, 7.1.5.
   * libsoup takes one that is too long for a control frame. */
  if (code == 0 || self->error != NULL
      || (loss->reason != NULL && strlen (loss->reason) > MAX_REASON))
    {
      loss->code = SOUP_WEBSOCKET_CLOSE_ABNORMAL;
      loss->reason = NULL;
    }
}

static gboolean
exit_cb (gpointer user_data)
{
  HbLink *self = g_rc_box_acquire (user_data);
  HbLoss loss = { .http_status = SOUP_STATUS_SWITCHING_PROTOCOLS };

  read_end (self, &loss);
  if (self->stream != NULL)
    tell (self, (HbEvent) {
      .kind = HB_EVENT_PROGRESS,
      .written = hb_stream_get_taken (self->stream),
    });
  leave (self, &loss);
  unref_link (self);

  return G_SOURCE_REMOVE;
}

/* Within libsoup's call the connection must live on, and the answer to the peer's close frame has
 * still to be written: so leave in the next turn of the loop. */
static void
leave_soon (HbLink *self)
{
  if (self->exit != NULL || self->func == NULL)
    return;

  self->exit = attach (self, g_idle_source_new (), exit_cb, self, "[hb] exit");
  g_source_set_priority (self->exit, G_PRIORITY_DEFAULT);
}

static void
enter_handler (HbLink *self)
{
  g_rc_box_acquire (self);
  self->depth++;
}

static void
leave_handler (HbLink *self)
{
  self->depth--;

  if (self->dropped)
    release_connection (self);

  unref_link (self);
}

/* `message (type, bytes)`, unpacked by hand: libsoup leaves it to libffi, which costs more than all
 * that we do with a short message. */
static void
marshal_message (GClosure     *closure,
                 GValue       *result,
                 guint         n_values,
                 const GValue *values,
                 gpointer      hint,
                 gpointer      data)
{
  HbLink *self = closure->data;

  /* After an error libsoup goes on with what it has read, and puts together what is no message. */
  if (self->func == NULL || self->exit != NULL)
    return;

  if (self->stream == NULL)
    tell (self, (HbEvent) { .kind = HB_EVENT_ACTIVITY });

  /* The types are libsoup's own, so they are not looked at again. */
  enter_handler (self);
  tell (self, (HbEvent) {
    .kind = HB_EVENT_MESSAGE,
    .message.opcode = (HbOpcode) values[1].data[0].v_int,
    .message.bytes = values[2].data[0].v_pointer,
  });
  leave_handler (self);
}

static GClosure *
new_message_closure (HbLink *self)
{
  GClosure *closure = g_closure_new_simple (sizeof (GClosure), self);

  g_closure_set_marshal (closure, marshal_message);

  return closure;
}

static void
pong_cb (SoupWebsocketConnection *connection,
         GBytes                  *payload,
         gpointer                 user_data)
{
  HbLink *self = user_data;

  if (self->stream == NULL)
    tell (self, (HbEvent) { .kind = HB_EVENT_ACTIVITY });

  enter_handler (self);
  tell (self, (HbEvent) { .kind = HB_EVENT_PONG });
  leave_handler (self);
}

/* Comes while the state is still OPEN, and may come again. The first sign of the end counts: a peer
 * that has said goodbye may be gone before it is answered. */
static void
error_cb (SoupWebsocketConnection *connection,
          GError                  *error,
          gpointer                 user_data)
{
  HbLink *self = user_data;

  if (self->exit != NULL || self->func == NULL)
    return;

  if (g_error_matches (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG))
    self->error = g_error_new (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG,
                               _("A message came that is longer than max-message-size, "
                                 "%" PRIu64 " bytes"),
                               self->max_message_size);
  else
    self->error = g_error_copy (error);

  leave_soon (self);
}

/* The peer's close frame, or our own */
static void
closing_cb (SoupWebsocketConnection *connection,
            gpointer                 user_data)
{
  HbLink *self = user_data;

  if (!self->closing)
    leave_soon (self);
}

/* The first sign of an end without a close frame, and of the peer's answer to ours. `closed` comes
 * only when the stream is closed, which for TLS takes as long as the send buffer is full. */
static void
notify_state_cb (SoupWebsocketConnection *connection,
                 GParamSpec              *pspec,
                 gpointer                 user_data)
{
  leave_soon (user_data);
}

static gboolean
output_cb (GObject  *stream,
           gpointer  user_data)
{
  HbLink *self = user_data;

  clear_source (&self->output);
  tell (self, (HbEvent) { .kind = HB_EVENT_WRITABLE });

  return G_SOURCE_REMOVE;
}

static GPollableOutputStream *
get_output (HbLink *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);

  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
}

static void
stream_cb (const HbEvent *event,
           gpointer       user_data)
{
  tell (user_data, *event);
}

/* In the callback of the connect: a handler that is connected later misses frames. */
static void
adopt_connection (HbLink                  *self,
                  SoupWebsocketConnection *connection)
{
  self->connection = connection;
  self->socket = find_socket (connection);

  /* Where libsoup's own source is not found, its connection is used as it is: slower, and what it
   * has taken counts as written. */
  if (self->socket != NULL)
    self->stream = hb_stream_insert (&self->connection, self->socket, self->context,
                                     stream_cb, self);

  connection = self->connection;

#ifdef TCP_NOTSENT_LOWAT
  if (self->socket != NULL)
    g_socket_set_option (self->socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT, NULL);
#endif

  hb_link_set_max_message_size (self, self->max_message_size);

  g_signal_connect_closure (connection, "message", new_message_closure (self), FALSE);
  g_signal_connect (connection, "pong", G_CALLBACK (pong_cb), self);
  g_signal_connect (connection, "error", G_CALLBACK (error_cb), self);
  g_signal_connect (connection, "closing", G_CALLBACK (closing_cb), self);
  g_signal_connect (connection, "notify::state", G_CALLBACK (notify_state_cb), self);
}

static void
connect_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  HbLink *self = user_data;
  g_autoptr (SoupWebsocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) translated = NULL;
  HbLoss loss = { .code = SOUP_WEBSOCKET_CLOSE_ABNORMAL };

  connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  g_clear_object (&self->cancellable);

  if (self->func == NULL)
    {
      /* Dropped meanwhile: the attempt may have won the race against its cancellation. */
      self->connection = g_steal_pointer (&connection);
      release_connection (self);
    }
  else if (connection != NULL)
    {
      g_clear_object (&self->request);
      adopt_connection (self, g_steal_pointer (&connection));
      tell (self, (HbEvent) { .kind = HB_EVENT_OPENED });
    }
  else
    {
      translated = hb_handshake_translate_error (self->request, error);
      loss.error = translated;
      loss.http_status = soup_message_get_status (self->request);
      loss.retry_after = hb_handshake_get_retry_after (self->request);
      loss.is_permanent = hb_handshake_is_unsupported (self->request);
      leave (self, &loss);
    }

  unref_link (self);
}

/* The link belongs to the context that is thread-default now, where libsoup will attach its sources
 * too. hb_link_drop () is to be called in the end, whatever happens. */
HbLink *
hb_link_new (guint               serial,
             const HbSettings   *settings,
             SoupMessageHeaders *headers,
             HbEventFunc         func,
             gpointer            user_data)
{
  HbLink *self = g_rc_box_new0 (HbLink);

  self->serial = serial;
  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->request = hb_handshake_new_request (settings, headers);
  self->cancellable = g_cancellable_new ();
  self->max_message_size = settings->max_message_size;

  return self;
}

void
hb_link_connect (HbLink           *self,
                 SoupSession      *session,
                 const HbSettings *settings)
{
  self->session = g_object_ref (session);
  hb_handshake_set_compression (self->request, settings->compression);
  hb_handshake_guard (self->session, self->request, self->cancellable);
  soup_session_websocket_connect_async (self->session, self->request,
                                        settings->origin, settings->protocols,
                                        G_PRIORITY_DEFAULT, self->cancellable,
                                        connect_cb, g_rc_box_acquire (self));
}

/* After each write where there is no stream to do it: what the socket has not taken it takes in
 * time, and that is a sign of life from the peer even if we have nothing more to send. */
static void
watch_output (HbLink *self)
{
  GPollableOutputStream *output;

  if (self->stream != NULL || !is_usable (self) || self->output != NULL)
    return;

  output = get_output (self);
  if (!g_pollable_output_stream_is_writable (output))
    self->output = attach (self, g_pollable_output_stream_create_source (output, NULL),
                           G_SOURCE_FUNC (output_cb), self, "[hb] output");
}

/* Whether the socket takes a frame now. libsoup queues the frames that it does not take. They stay
 * with the machine instead, where they are counted, a ping overtakes them, and they are sent on the
 * next link if this one is lost. */
static gboolean
is_writable (HbLink *self)
{
  if (!is_usable (self))
    return FALSE;

  return self->stream != NULL ? hb_stream_is_writable (self->stream) : self->output == NULL;
}

static void
end_write (HbLink *self)
{
  watch_output (self);

  if (!is_writable (self))
    tell (self, (HbEvent) { .kind = HB_EVENT_BLOCKED });
}

static guint64
get_position (HbLink *self)
{
  return self->stream != NULL ? hb_stream_get_frame_end (self->stream) : self->n_sent;
}

/* A connection without a stream cannot tell what the kernel has, so a frame that libsoup has counts
 * as written. libsoup drops a frame if it finds the connection dead; then the position stays. */
static void
send_message (HbLink   *self,
              HbOpcode  opcode,
              GBytes   *bytes)
{
  HbSpan span = { .begin = get_position (self) };

  soup_websocket_connection_send_message (self->connection, (SoupWebsocketDataType) opcode, bytes);

  if (self->stream == NULL && self->exit == NULL)
    self->n_sent++;

  span.end = get_position (self);
  span.written = self->stream != NULL ? hb_stream_get_taken (self->stream) : self->n_sent;

  if (span.end != span.begin)
    tell (self, (HbEvent) { .kind = HB_EVENT_SENT, .span = span });
}

/* Sends a message. HB_EVENT_SENT follows within this call, and HB_EVENT_BLOCKED if this is the last
 * message for now. Handlers that the application has connected to the connection may run in this
 * call. */
void
hb_link_send (HbLink   *self,
              HbOpcode  opcode,
              GBytes   *bytes)
{
  enter_handler (self);

  /* A send on a connection that is not open is a critical. */
  if (is_usable (self))
    send_message (self, opcode, bytes);

  end_write (self);
  leave_handler (self);
}

/* libsoup has no public ping, but frames whatever opcode it is given, and tells of pongs. */
void
hb_link_ping (HbLink          *self,
              HbHeartbeatMode  mode,
              const char      *text)
{
  g_autoptr (GBytes) payload = NULL;

  if (!is_usable (self))
    return;

  enter_handler (self);

  switch (mode)
    {
    case HB_HEARTBEAT_MODE_MESSAGE:
      soup_websocket_connection_send_text (self->connection, text);
      break;

    case HB_HEARTBEAT_MODE_PING:
      payload = g_bytes_new (text, MIN (strlen (text), MAX_PING));
      soup_websocket_connection_send_message (self->connection,
                                              (SoupWebsocketDataType) HB_OPCODE_PING, payload);
      break;

    default:
      g_assert_not_reached ();
    }

  end_write (self);
  leave_handler (self);
}

/* A second close is a critical in libsoup, and the peer may have been first. */
void
hb_link_close (HbLink     *self,
               guint       code,
               const char *reason)
{
  if (!is_usable (self))
    return;

  self->closing = TRUE;
  soup_websocket_connection_close (self->connection, code, reason);

  /* The link may be dropped before the turn is over. */
  if (self->stream != NULL)
    hb_stream_flush (self->stream);
}

/* Leaves at once, in any state, and gives up the caller's reference. Nothing is told any more. */
void
hb_link_drop (HbLink *self)
{
  self->func = NULL;
  self->dropped = TRUE;
  clear_source (&self->exit);
  clear_source (&self->output);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);

  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      if (self->stream != NULL)
        hb_stream_detach (self->stream);

      /* A dead peer would keep the goodbyes of TLS waiting for as long as the send buffer is full,
       * and the connection alive with them. */
      if (self->socket != NULL)
        g_socket_shutdown (self->socket, TRUE, TRUE, NULL);

      release_connection (self);
    }

  unref_link (self);
}

void
hb_link_set_max_message_size (HbLink  *self,
                              guint64  bytes)
{
  GObjectClass *klass;

  self->max_message_size = bytes == 0 ? MAX_MESSAGE : MIN (bytes, MAX_MESSAGE);

  if (self->connection == NULL)
    return;

  soup_websocket_connection_set_max_incoming_payload_size (self->connection,
                                                           self->max_message_size);

  if (self->stream != NULL)
    hb_stream_set_max_message_size (self->stream, self->max_message_size);

  /* From libsoup 3.8 on: what all fragments of a message may have together */
  klass = G_OBJECT_GET_CLASS (self->connection);
  if (g_object_class_find_property (klass, "max-total-message-size") != NULL)
    g_object_set (self->connection, "max-total-message-size", self->max_message_size, NULL);
}

guint
hb_link_get_serial (HbLink *self)
{
  return self->serial;
}

SoupMessage *
hb_link_get_request (HbLink *self)
{
  return self->request;
}

SoupWebsocketConnection *
hb_link_get_connection (HbLink *self)
{
  return self->connection;
}

/* NULL while there is no connection, or if no subprotocol was agreed on */
const char *
hb_link_get_protocol (HbLink *self)
{
  if (self->connection == NULL)
    return NULL;

  return soup_websocket_connection_get_protocol (self->connection);
}

/* Whether nothing can be read at this moment: libsoup reads one message after another, so a main
 * loop that runs in a handler of `message` cannot. */
gboolean
hb_link_is_held_up (HbLink *self)
{
  return self->depth > 0;
}

/* Lets what has come be read in the next turn of the loop, though it be the turn of others. Returns
 * FALSE where that makes no difference. */
gboolean
hb_link_read_on (HbLink *self)
{
  return self->stream != NULL && hb_stream_read_on (self->stream);
}

/* Whether the end has come already, and only waits to be told in the next turn of the loop. */
gboolean
hb_link_has_ended (HbLink *self)
{
  return self->exit != NULL;
}

/* Whether the request still waits in the session, which has as many connections as it may have.
 * After a redirect libsoup may keep the id of the connection before. Then this is FALSE though the
 * request waits, so the hint in the error is missing, but it is never wrong. */
gboolean
hb_link_is_queued (HbLink *self)
{
  return self->session != NULL && self->request != NULL
         && soup_message_get_connection_id (self->request) == 0;
}
