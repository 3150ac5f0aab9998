/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "raw-frame.h"
#include "raw-peer.h"
#include "test-wait.h"

struct _RawPeer
{
  RawServer         *server;
  GSocketConnection *connection; /* (nullable) */
  GIOStream         *tls;        /* (nullable) TLS over the connection */
  GSource           *input;      /* (nullable) */
  GSource           *output;     /* (nullable) */
  GByteArray        *incoming;
  GByteArray        *outgoing;   /* the bytes that the kernel has not accepted yet */
  GQueue             frames;     /* complete messages and control frames, as words like text:hi */
  GByteArray        *message;    /* the received part of a message */
  char               beginning[16]; /* of the last message, as a string */
  GString           *log;        /* words for raw_peer_take_log () */
  guint32            mask;       /* of the last frame */
  guint8             opcode;     /* of the current message, 0 between messages */
  char              *request;    /* (nullable) the last complete request */
  guint              index;
  guint              drip;       /* the maximum number of bytes in a write, 0 for no limit */
  gboolean           gathers;
  gboolean           is_paused;
  gboolean           is_shaken;
  gboolean           has_ended;  /* the client has closed its end, or reading has failed */
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSocket *
get_socket (RawPeer *self)
{
  return g_socket_connection_get_socket (self->connection);
}

static GIOStream *
get_stream (RawPeer *self)
{
  return self->tls != NULL ? self->tls : G_IO_STREAM (self->connection);
}

RawPeer *
raw_peer_new (RawServer         *server,
              guint              index,
              GSocketConnection *connection)
{
  RawPeer *self = g_new0 (RawPeer, 1);

  self->server = server;
  self->index = index;
  self->connection = g_object_ref (connection);
  self->incoming = g_byte_array_new ();
  self->outgoing = g_byte_array_new ();
  self->message = g_byte_array_new ();
  self->log = g_string_new (NULL);
  g_queue_init (&self->frames);

  g_socket_set_option (get_socket (self), IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_tcp_connection_set_graceful_disconnect (G_TCP_CONNECTION (connection), FALSE);

  return self;
}

void
raw_peer_free (RawPeer *self)
{
  raw_peer_cut (self);
  g_byte_array_unref (self->incoming);
  g_byte_array_unref (self->outgoing);
  g_byte_array_unref (self->message);
  g_string_free (self->log, TRUE);
  g_queue_clear_full (&self->frames, g_free);
  g_free (self->request);
  g_free (self);
}

void
raw_peer_begin (RawPeer *self)
{
  raw_server_notify (self->server, RAW_STEP_ACCEPTED, self);

  if (self->connection != NULL && !self->is_paused)
    raw_peer_resume (self);
}

/* @lines: more lines for the answer, each with CRLF at its end */
void
raw_peer_accept_with (RawPeer    *self,
                      const char *lines)
{
  g_autofree char *accept = raw_frame_make_accept (self->request);
  const char *greeting = raw_server_get_greeting (self->server);
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_autofree char *headers = NULL;

  headers = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: %s\r\n"
                             "%s"
                             "\r\n",
                             accept, lines);
  g_byte_array_append (answer, (const guint8 *) headers, strlen (headers));
  if (greeting != NULL)
    raw_frame_append (answer, RAW_FIN | RAW_TEXT, greeting, strlen (greeting));

  self->is_shaken = TRUE;
  raw_peer_write (self, answer->data, answer->len);
  raw_server_notify (self->server, RAW_STEP_OPENED, self);
}

void
raw_peer_accept_with_cb (RawPeer  *self,
                         gpointer  lines)
{
  raw_peer_accept_with (self, lines);
}

void
raw_peer_accept (RawPeer *self)
{
  raw_peer_accept_with (self, "");
}

static void
answer (RawPeer *self)
{
  const char *text = raw_server_get_answer (self->server);

  if (raw_server_notify (self->server, RAW_STEP_REQUESTED, self))
    return;

  if (text != NULL)
    raw_peer_write_text (self, text);
  else
    raw_peer_accept (self);
}

/* Returns FALSE if the request is not complete yet. */
static gboolean
read_request (RawPeer *self)
{
  const char *data = (const char *) self->incoming->data;
  const char *end = g_strstr_len (data, self->incoming->len, "\r\n\r\n");

  if (end == NULL)
    return FALSE;

  g_free (self->request);
  self->request = g_strndup (data, end - data);
  g_byte_array_remove_range (self->incoming, 0, end + 4 - data);

  if (!raw_server_is_deaf (self->server))
    answer (self);

  return TRUE;
}

/* Returns: (nullable): the word of a control frame, or of the message that @frame completes: RFC
 *   6455, 5.4 */
static char *
join_frame (RawPeer        *self,
            const RawFrame *frame)
{
  guint8 opcode = frame->first & 0x0f;
  gboolean is_last = (frame->first & RAW_FIN) != 0;
  char *word = NULL;

  if (opcode >= RAW_CLOSE)
    {
      g_assert_true (is_last);
      return raw_frame_to_word (opcode, frame->payload, frame->length);
    }

  g_assert_cmpint (opcode == 0, ==, self->opcode != 0);
  if (opcode != 0)
    self->opcode = opcode;

  if (is_last && self->message->len == 0)
    {
      word = raw_frame_to_word (self->opcode, frame->payload, frame->length);
    }
  else
    {
      g_byte_array_append (self->message, frame->payload, frame->length);
      if (is_last)
        word = raw_frame_to_word (self->opcode, self->message->data, self->message->len);
    }

  if (is_last)
    {
      g_byte_array_set_size (self->message, 0);
      self->opcode = 0;
    }

  return word;
}

static void
note_beginning (RawPeer        *self,
                const RawFrame *frame)
{
  gsize length = MIN (frame->length, sizeof self->beginning - 1);
  guint8 opcode = frame->first & 0x0f;

  if (opcode == 0 || opcode >= RAW_CLOSE)
    return;

  memcpy (self->beginning, frame->payload, length);
  self->beginning[length] = '\0';
}

static gboolean
read_frame (RawPeer *self)
{
  RawFrame frame;
  char *word;

  if (!raw_frame_parse (&frame, self->incoming->data, self->incoming->len))
    return FALSE;

  /* A client must use a new mask for each frame: RFC 6455, 10.3. */
  g_assert_cmphex (frame.mask, !=, self->mask);
  self->mask = frame.mask;
  g_string_append_printf (self->log, "%s%02x:%" G_GSIZE_FORMAT, self->log->len > 0 ? " " : "",
                          frame.first, frame.length);

  note_beginning (self, &frame);
  word = join_frame (self, &frame);
  g_byte_array_remove_range (self->incoming, 0, frame.size);
  if (word == NULL)
    return TRUE;

  g_queue_push_tail (&self->frames, word);
  raw_server_notify (self->server, RAW_STEP_RECEIVED, self);

  return TRUE;
}

static void
read_incoming (RawPeer *self)
{
  while (self->is_shaken ? read_frame (self) : read_request (self))
    ;
}

/* Returns whether bytes were read. */
static gboolean
read_some (RawPeer *self)
{
  GInputStream *input = g_io_stream_get_input_stream (get_stream (self));
  g_autoptr (GError) error = NULL;
  guint8 buffer[65536];
  gssize n_read;

  n_read = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input),
                                                     buffer, sizeof buffer, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;

  if (n_read <= 0)
    {
      self->has_ended = TRUE;
      clear_source (&self->input);
      return FALSE;
    }

  g_byte_array_append (self->incoming, buffer, n_read);
  read_incoming (self);

  return TRUE;
}

/* Over TLS, reads until no bytes are left, because a poll does not report bytes that TLS has
 * already read. */
static gboolean
input_cb (GObject  *stream,
          gpointer  user_data)
{
  RawPeer *self = user_data;

  while (read_some (self) && self->tls != NULL && self->input != NULL)
    ;

  return G_SOURCE_CONTINUE;
}

static gboolean output_cb (GObject  *stream,
                           gpointer  user_data);

static gboolean
drip_cb (gpointer user_data)
{
  return output_cb (NULL, user_data);
}

static void
watch_output (RawPeer *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (get_stream (self));

  if (self->output != NULL)
    return;

  if (self->drip > 0)
    {
      /* An idle source lets the client run between two writes. */
      self->output = g_idle_source_new ();
      g_source_set_callback (self->output, drip_cb, self, NULL);
    }
  else
    {
      self->output = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output),
                                                             NULL);
      g_source_set_callback (self->output, G_SOURCE_FUNC (output_cb), self, NULL);
    }

  g_source_attach (self->output, g_main_context_get_thread_default ());
}

/* Returns whether to write more bytes immediately. If the client has disconnected, or after any
 * error over TLS, drops the bytes instead of failing the test. */
static gboolean
write_some (RawPeer *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (get_stream (self));
  gsize length = self->outgoing->len;
  g_autoptr (GError) error = NULL;
  gssize n_written;

  if (self->drip > 0)
    length = MIN (length, self->drip);

  n_written = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                          self->outgoing->data, length,
                                                          NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;

  if (self->tls == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_assert_no_error (error);

  g_byte_array_remove_range (self->outgoing, 0,
                             error != NULL ? self->outgoing->len : (guint) n_written);

  return self->outgoing->len > 0 && self->drip == 0;
}

static void
flush (RawPeer *self)
{
  while (self->outgoing->len > 0 && write_some (self))
    ;

  if (self->outgoing->len > 0)
    watch_output (self);
  else
    clear_source (&self->output);
}

static gboolean
output_cb (GObject  *stream,
           gpointer  user_data)
{
  RawPeer *self = user_data;

  flush (self);

  return G_SOURCE_CONTINUE;
}

/* Bytes that the kernel does not accept at once, and all bytes if raw_peer_drip () limits the
 * writes, are written while this thread's main loop runs. */
void
raw_peer_write (RawPeer    *self,
                const void *data,
                gsize       length)
{
  g_byte_array_append (self->outgoing, data, length);

  if (self->gathers || self->connection == NULL)
    return;

  if (self->drip > 0)
    watch_output (self);
  else
    flush (self);
}

void
raw_peer_write_text (RawPeer    *self,
                     const char *text)
{
  raw_peer_write (self, text, strlen (text));
}

/* Sets whether raw_peer_write () holds bytes back. When @gathers becomes FALSE, all these bytes are
 * written together. */
void
raw_peer_gather (RawPeer  *self,
                 gboolean  gathers)
{
  self->gathers = gathers;

  if (!gathers && self->connection != NULL)
    flush (self);
}

/* Limits each later write to @n_bytes bytes, so that the client can read them before the next
 * write. 0 means no limit. */
void
raw_peer_drip (RawPeer *self,
               guint    n_bytes)
{
  self->drip = n_bytes;
}

void
raw_peer_send (RawPeer    *self,
               guint8      opcode,
               const void *payload,
               gsize       length)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  raw_frame_append (frame, RAW_FIN | opcode, payload, length);
  raw_peer_write (self, frame->data, frame->len);
}

void
raw_peer_send_text (RawPeer    *self,
                    const char *text)
{
  raw_peer_send (self, RAW_TEXT, text, strlen (text));
}

/* @code: the close code, or 0 for a frame without one
 * @reason: (nullable): the close reason */
void
raw_peer_send_close (RawPeer    *self,
                     guint       code,
                     const char *reason)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  guint8 bytes[2] = { code >> 8, code };

  if (code > 0)
    g_byte_array_append (payload, bytes, sizeof bytes);
  if (reason != NULL)
    g_byte_array_append (payload, (const guint8 *) reason, strlen (reason));

  raw_peer_send (self, RAW_CLOSE, payload->data, payload->len);
}

/* Sends a frame with a reserved opcode. */
void
raw_peer_send_nonsense (RawPeer *self)
{
  raw_peer_send (self, 0x3, "?", 1);
}

/* Waits, without iterating the main loop, until the client's kernel has received all written bytes:
 * tcp(7). */
void
raw_peer_wait_delivered (RawPeer *self)
{
  gint64 deadline = wait_get_deadline ();
  int n_bytes = 1;

  while (n_bytes > 0 || self->outgoing->len > 0)
    {
      flush (self);
      g_assert_cmpint (ioctl (g_socket_get_fd (get_socket (self)), TIOCOUTQ, &n_bytes), ==, 0);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (100);
    }
}

/* Stops reading, so that the client's socket eventually becomes full. */
void
raw_peer_pause (RawPeer *self)
{
  self->is_paused = TRUE;
  clear_source (&self->input);
}

static void
begin_tls (RawPeer *self)
{
  GTlsCertificate *certificate = raw_server_get_certificate (self->server);
  g_autoptr (GError) error = NULL;

  if (certificate == NULL || self->tls != NULL)
    return;

  /* The handshake begins with the first read, so a test can delay it with raw_peer_pause (). */
  self->tls = g_tls_server_connection_new (G_IO_STREAM (self->connection), certificate, &error);
  g_assert_no_error (error);
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (self->tls), FALSE);
}

void
raw_peer_resume (RawPeer *self)
{
  GInputStream *input;

  self->is_paused = FALSE;
  clear_source (&self->input);
  if (self->has_ended)
    return;

  begin_tls (self);
  input = g_io_stream_get_input_stream (get_stream (self));
  self->input = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (self->input, G_SOURCE_FUNC (input_cb), self, NULL);
  g_source_attach (self->input, g_main_context_get_thread_default ());
}

/* Closes the socket without TLS's close_notify. Bytes that the kernel has not accepted are lost. */
void
raw_peer_cut (RawPeer *self)
{
  clear_source (&self->input);
  clear_source (&self->output);

  /* A TLS handshake may be in progress in another thread. Shutting down the socket ends it. */
  if (self->tls != NULL && self->request == NULL && self->connection != NULL)
    g_socket_shutdown (get_socket (self), TRUE, TRUE, NULL);

  if (self->connection != NULL)
    g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);

  g_clear_object (&self->tls);
  g_clear_object (&self->connection);
}

/* Closes the socket without a close frame. Over TLS, sends close_notify first, if a request has
 * been received. */
void
raw_peer_drop (RawPeer *self)
{
  clear_source (&self->input);
  clear_source (&self->output);

  if (self->tls != NULL && self->request != NULL)
    g_io_stream_close (self->tls, NULL, NULL);

  raw_peer_cut (self);
}

void
raw_peer_half_close (RawPeer *self)
{
  g_autoptr (GError) error = NULL;

  if (self->tls != NULL)
    g_output_stream_close (g_io_stream_get_output_stream (self->tls), NULL, NULL);

  g_socket_shutdown (get_socket (self), FALSE, TRUE, &error);
  g_assert_no_error (error);
}

/* Makes the kernel send an RST: SO_LINGER in socket(7). */
void
raw_peer_reset (RawPeer *self)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  g_assert_cmpint (setsockopt (g_socket_get_fd (get_socket (self)), SOL_SOCKET, SO_LINGER,
                               &linger, sizeof linger), ==, 0);
  clear_source (&self->input);
  clear_source (&self->output);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  raw_peer_cut (self);
}

RawServer *
raw_peer_get_server (RawPeer *self)
{
  return self->server;
}

guint
raw_peer_get_index (RawPeer *self)
{
  return self->index;
}

/* Returns whether the server has closed its end of the connection. */
gboolean
raw_peer_is_closed (RawPeer *self)
{
  return self->connection == NULL;
}

/* Returns the number of received messages and control frames that the test has not taken. */
guint
raw_peer_get_n_frames (RawPeer *self)
{
  return g_queue_get_length (&self->frames);
}

/* Returns the number of bytes that the kernel has received and the server has not read: tcp(7). */
guint
raw_peer_count_unread (RawPeer *self)
{
  int n_bytes;

  g_assert_cmpint (ioctl (g_socket_get_fd (get_socket (self)), FIONREAD, &n_bytes), ==, 0);

  return n_bytes;
}

/* Waits for the next message or control frame, and returns its word: see raw_frame_to_word (). */
char *
raw_peer_take (RawPeer *self)
{
  wait_until (!g_queue_is_empty (&self->frames));

  return g_queue_pop_head (&self->frames);
}

/* @words: the next messages and control frames, separated by spaces */
void
raw_peer_expect (RawPeer    *self,
                 const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  guint i;

  for (i = 0; list[i] != NULL; i++)
    {
      g_autofree char *word = raw_peer_take (self);

      g_assert_cmpstr (word, ==, list[i]);
    }
}

/* Returns a word such as 82:125 for each frame received since the last call: the first byte of the
 * frame in hexadecimal, and the length of the payload. */
char *
raw_peer_take_log (RawPeer *self)
{
  char *log = g_strdup (self->log->str);

  g_string_truncate (self->log, 0);

  return log;
}

/* Drops the received messages and control frames that the test has not taken. */
void
raw_peer_forget (RawPeer *self)
{
  g_queue_clear_full (&self->frames, g_free);
}

void
raw_peer_expect_quiet (RawPeer *self)
{
  g_assert_cmpstr (g_queue_peek_head (&self->frames), ==, NULL);
}

void
raw_peer_expect_end (RawPeer *self)
{
  wait_until (self->has_ended);
  raw_peer_expect_quiet (self);
}

gboolean
raw_peer_has_ended (RawPeer *self)
{
  return self->has_ended;
}

/* Returns the first bytes of the last message, at most 15, as a string. These bytes identify a
 * message whose word contains the length instead of the payload. */
const char *
raw_peer_get_beginning (RawPeer *self)
{
  return self->beginning;
}

/* Returns: (nullable): the lines of the client's last request, or NULL before the first one */
const char *
raw_peer_get_request (RawPeer *self)
{
  return self->request;
}
