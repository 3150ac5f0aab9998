/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client.h"

#include <glib-unix.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

#define HEARTBEAT "heartbeat"

/* While the answers that wait for a client take more than this many bytes in total, the server
 * reads nothing from the client. */
#define MAX_WAITING ECHO_MAX_MESSAGE

/* The approximate memory, in bytes, that a message takes in addition to its payload, in the answers
 * and in libsoup */
#define MESSAGE_COST 128

#define OPCODE_CLOSE  8
#define CLOSE_TIMEOUT 5000 /* in milliseconds */

typedef struct
{
  SoupWebsocketDataType  type;
  GBytes                *message; /* (owned) */
  gint64                 due;     /* monotonic, in microseconds */
} Answer;

static void send_due (EchoClient *self);

static void print_line (EchoClient *self,
                        const char *format,
                        ...) G_GNUC_PRINTF (2, 3);

static void
print_line (EchoClient *self,
            const char *format,
            ...)
{
  g_autofree char *text = NULL;
  g_autofree char *plain = NULL;
  va_list args;

  if (!self->settings->verbose)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  plain = echo_log_make_plain (text);

  fprintf (stderr, "client %u: %s\n", self->number, plain);
}

/* @text: (transfer full) */
static void
note (EchoClient *self,
      char       *text)
{
  print_line (self, "%s", text);
  echo_log_take (self->log, ECHO_LOG_EVENT, self->number, text);
}

/* If only the payload counted, a client could fill the memory with empty messages. */
static gsize
get_cost (GBytes *message)
{
  return g_bytes_get_size (message) + MESSAGE_COST;
}

static void
answer_free (Answer *self)
{
  g_bytes_unref (self->message);
  g_free (self);
}

static void
update_gate (EchoClient *self)
{
  echo_gate_set_shut (self->gate, self->is_mute || self->n_waiting > MAX_WAITING);
}

static void
answer_cb (gpointer user_data)
{
  EchoClient *self = user_data;

  self->answer_id = 0;
  send_due (self);
}

static void
send_due (EchoClient *self)
{
  gint64 now = g_get_monotonic_time ();
  Answer *answer;

  g_clear_handle_id (&self->answer_id, g_source_remove);

  while (echo_client_is_open (self) && !self->is_mute
         && (answer = g_queue_peek_head (&self->answers)) != NULL)
    {
      if (answer->due > now)
        {
          self->answer_id = g_timeout_add_once ((answer->due - now + 999) / 1000, answer_cb, self);
          break;
        }

      self->n_waiting -= get_cost (answer->message);
      echo_client_send (self, answer->type, answer->message);
      answer_free (g_queue_pop_head (&self->answers));
    }

  update_gate (self);
}

static void
answer_message (EchoClient            *self,
                SoupWebsocketDataType  type,
                GBytes                *message)
{
  gboolean waits = self->settings->delay > 0 || self->is_mute
                   || !g_queue_is_empty (&self->answers);
  Answer *answer;

  if (!waits)
    {
      echo_client_send (self, type, message);
      return;
    }

  answer = g_new0 (Answer, 1);
  answer->type = type;
  answer->message = g_bytes_ref (message);
  answer->due = g_get_monotonic_time () + self->settings->delay * G_GINT64_CONSTANT (1000);
  g_queue_push_tail (&self->answers, answer);
  self->n_waiting += get_cost (message);
  send_due (self);
}

static gboolean
is_text (SoupWebsocketDataType  type,
         GBytes                *message,
         const char            *text)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  return type == SOUP_WEBSOCKET_DATA_TEXT
         && size == strlen (text) && memcmp (data, text, size) == 0;
}

static void
mute_if_due (EchoClient *self)
{
  if (self->settings->mute_after >= 0 && self->n_in == (guint64) self->settings->mute_after)
    echo_client_set_mute (self, TRUE);
}

static void
on_message (EchoClient            *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  const EchoSettings *settings = self->settings;

  /* libsoup may still emit messages after the server has closed or dropped the connection. */
  if (!echo_client_is_open (self))
    return;

  self->n_in++;
  self->bytes_in += g_bytes_get_size (message);
  print_line (self, "message %" G_GUINT64_FORMAT ", %s, %" G_GSIZE_FORMAT " bytes", self->n_in,
              type == SOUP_WEBSOCKET_DATA_TEXT ? "text" : "binary", g_bytes_get_size (message));
  echo_log_message (self->log, ECHO_LOG_IN, self->number, type == SOUP_WEBSOCKET_DATA_TEXT,
                    message);

  if (settings->drop_every > 0 && self->n_in % settings->drop_every == 0)
    {
      echo_client_drop (self);
      return;
    }

  if (echo_rules_allow (self, message))
    {
      g_autoptr (GBytes) pong = NULL;

      if (settings->pong != NULL && is_text (type, message, HEARTBEAT))
        pong = g_bytes_new (settings->pong, strlen (settings->pong));

      answer_message (self, type, pong != NULL ? pong : message);
    }

  if (echo_client_is_open (self))
    mute_if_due (self);
}

static void
on_closed (EchoClient *self)
{
  guint code = soup_websocket_connection_get_close_code (self->connection);

  print_line (self, "disconnected, code %u", code);
  echo_log_take (self->log, ECHO_LOG_EVENT, self->number,
                 code != 0 ? g_strdup_printf ("disconnected, code %u", code)
                           : g_strdup ("disconnected without a close frame"));
  self->gone (self, self->user_data);
}

/* By default, libsoup limits the frames that a server receives to 128 KiB and, since 3.8, also
 * whole messages, so this function sets both limits. */
static void
set_limits (SoupWebsocketConnection *connection)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (connection);

  soup_websocket_connection_set_max_incoming_payload_size (connection, ECHO_MAX_MESSAGE);
  if (g_object_class_find_property (klass, "max-total-message-size") != NULL)
    g_object_set (connection, "max-total-message-size", (guint64) ECHO_MAX_MESSAGE, NULL);
}

EchoClient *
echo_client_new (SoupWebsocketConnection *connection,
                 GSocketAddress          *address,
                 guint                    number,
                 const EchoSettings      *settings,
                 EchoLog                 *log,
                 EchoClientFunc           gone,
                 gpointer                 user_data)
{
  EchoClient *self = g_new0 (EchoClient, 1);

  self->connection = g_object_ref (connection);
  self->address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  self->number = number;
  self->settings = settings;
  self->log = log;
  self->gone = gone;
  self->user_data = user_data;
  self->opened_at = g_get_real_time () / 1000;
  g_queue_init (&self->answers);

  /* libsoup wraps the gate in a stream of its own. */
  g_object_get (soup_websocket_connection_get_io_stream (connection),
                "base-iostream", &self->gate,
                NULL);

  set_limits (connection);
  g_signal_connect_swapped (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (on_closed), self);

  return self;
}

void
echo_client_free (EchoClient *self)
{
  g_clear_handle_id (&self->answer_id, g_source_remove);
  g_clear_handle_id (&self->hangup_id, g_source_remove);
  g_clear_handle_id (&self->gone_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_queue_clear_full (&self->answers, (GDestroyNotify) answer_free);
  g_clear_object (&self->connection);
  g_clear_object (&self->gate);
  g_free (self->address);
  g_free (self);
}

void
echo_client_start (EchoClient *self,
                   const char *path)
{
  note (self, g_strdup_printf ("connected, path %s", path));
  echo_rules_greet (self);
  mute_if_due (self);
}

gboolean
echo_client_is_open (EchoClient *self)
{
  return !self->is_closing
         && soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN
         && !g_io_stream_is_closed (G_IO_STREAM (self->gate))
         && g_socket_connection_is_connected (G_SOCKET_CONNECTION (self->gate));
}

/* The connection must be open. */
void
echo_client_send (EchoClient            *self,
                  SoupWebsocketDataType  type,
                  GBytes                *message)
{
  self->n_out++;
  self->bytes_out += g_bytes_get_size (message);
  echo_log_message (self->log, ECHO_LOG_OUT, self->number, type == SOUP_WEBSOCKET_DATA_TEXT,
                    message);
  soup_websocket_connection_send_message (self->connection, type, message);
  echo_gate_owe (self->gate, get_cost (message));
}

#ifdef POLLRDHUP

static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  EchoClient *self = user_data;

  self->hangup_id = 0;
  note (self, g_strdup ("disconnected while it was muted"));
  self->gone (self, self->user_data);

  return G_SOURCE_REMOVE;
}

/* The server reads nothing from a muted client, so only the kernel can report that the client has
 * disconnected. */
static void
watch_for_hangup (EchoClient *self)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->gate));

  self->hangup_id = g_unix_fd_add (g_socket_get_fd (socket), POLLRDHUP, hangup_cb, self);
}

#else

static void
watch_for_hangup (EchoClient *self)
{
}

#endif

/* Not even pings and close frames of a muted client are answered. The kernel still acknowledges the
 * client's data, so to the client, the server seems to hang. */
void
echo_client_set_mute (EchoClient *self,
                      gboolean    is_mute)
{
  if (self->is_mute == is_mute)
    return;

  self->is_mute = is_mute;
  note (self, g_strdup (is_mute ? "muted" : "no longer muted"));
  g_clear_handle_id (&self->hangup_id, g_source_remove);

  if (is_mute)
    watch_for_hangup (self);

  send_due (self);
}

static void
gone_cb (gpointer user_data)
{
  EchoClient *self = user_data;

  self->gone_id = 0;
  on_closed (self);
}

/* If a new connection gets the descriptor of the old one, libsoup does not notice that the old
 * connection has ended, so an idle callback removes the client in any case. */
static void
expect_end (EchoClient *self)
{
  g_clear_handle_id (&self->hangup_id, g_source_remove);
  if (self->gone_id == 0)
    self->gone_id = g_idle_add_once (gone_cb, self);
}

/* Closes the TCP connection without a close frame, as after a crash. */
void
echo_client_drop (EchoClient *self)
{
  note (self, g_strdup ("dropped"));
  g_io_stream_close (G_IO_STREAM (self->gate), NULL, NULL);
  expect_end (self);
}

/* Resets the TCP connection. The client loses the data that it has not received yet. */
void
echo_client_abort (EchoClient *self)
{
  note (self, g_strdup ("dropped with a TCP reset"));
  echo_gate_abort (self->gate);
  expect_end (self);
}

/* libsoup does not know the close codes from 1012 to 1014, and would send 1002 instead, so this
 * function sends a message with the opcode of a close frame. libsoup handles the client's reply as
 * a close frame that the client sent first, and ends the connection. */
static void
close_with_unknown (EchoClient *self,
                    gushort     code)
{
  const guint8 payload[] = { code >> 8, code & 0xff };
  g_autoptr (GBytes) message = g_bytes_new (payload, sizeof payload);

  self->is_closing = TRUE;
  soup_websocket_connection_send_message (self->connection, (SoupWebsocketDataType) OPCODE_CLOSE,
                                          message);
  self->gone_id = g_timeout_add_once (CLOSE_TIMEOUT, gone_cb, self);
}

void
echo_client_close (EchoClient *self,
                   gushort     code)
{
  note (self, g_strdup_printf ("closed with code %u", code));

  if (code >= 1012 && code <= 1014)
    close_with_unknown (self, code);
  else
    soup_websocket_connection_close (self->connection, code, NULL);
}
