/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "raw-server.h"
#include "test-wait.h"

/* RFC 6455, 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* A frame is shown up to here; the rest of a long one is known by its size. */
#define MAX_SHOWN 40

/* Little, so that a peer that does not read is soon felt */
#define RECEIVE_BUFFER 32768

struct _RawServer
{
  GSocketService *service;  /* (nullable) */
  GPtrArray      *peers;
  char           *uri;
  char           *answer;   /* (nullable) in place of the proper one */
  char           *greeting; /* (nullable) a text that comes in one piece with the answer */
  RawPeerFunc     opened;   /* (nullable) */
  gpointer        opened_data;
  RawPeerFunc     received; /* (nullable) */
  gpointer        received_data;
  guint16         port;
  gboolean        is_deaf;  /* never answers a handshake */
};

struct _RawPeer
{
  RawServer         *server;
  GSocketConnection *connection; /* (nullable) */
  GSource           *input;      /* (nullable) */
  GByteArray        *incoming;
  GQueue             frames;     /* words */
  char              *request;    /* (nullable) until it has come whole */
  gboolean           is_shaken;
  gboolean           has_ended;  /* the client has closed the socket */
};

static void
free_peer (gpointer data)
{
  RawPeer *self = data;

  raw_peer_drop (self);
  g_byte_array_unref (self->incoming);
  g_queue_clear_full (&self->frames, g_free);
  g_free (self->request);
  g_free (self);
}

static char *
make_accept (const char *request)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *key = NULL;
  const char *line = strstr (request, "Sec-WebSocket-Key: ");
  guint8 digest[20];
  gsize length = sizeof digest;

  g_assert_nonnull (line);
  line += strlen ("Sec-WebSocket-Key: ");
  key = g_strndup (line, strcspn (line, "\r\n"));
  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) ACCEPT_GUID, -1);
  g_checksum_get_digest (checksum, digest, &length);

  return g_base64_encode (digest, length);
}

static void
answer (RawPeer *self)
{
  RawServer *server = self->server;
  g_autofree char *accept = make_accept (self->request);
  g_autoptr (GString) answer = g_string_new (NULL);

  if (server->answer != NULL)
    {
      raw_peer_write (self, server->answer, strlen (server->answer));
      return;
    }

  g_string_printf (answer,
                   "HTTP/1.1 101 Switching Protocols\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n"
                   "\r\n",
                   accept);
  if (server->greeting != NULL)
    {
      g_string_append_c (answer, (char) 0x81);
      g_string_append_c (answer, (char) strlen (server->greeting));
      g_string_append (answer, server->greeting);
    }

  raw_peer_write (self, answer->str, answer->len);
  self->is_shaken = TRUE;
  if (server->opened != NULL)
    server->opened (self, server->opened_data);
}

static void
read_request (RawPeer *self)
{
  const char *data = (const char *) self->incoming->data;
  const char *end = g_strstr_len (data, self->incoming->len, "\r\n\r\n");

  if (end == NULL)
    return;

  self->request = g_strndup (data, end - data);
  g_byte_array_remove_range (self->incoming, 0, end + 4 - data);

  if (!self->server->is_deaf)
    answer (self);
}

static char *
to_word (guint8        opcode,
         const guint8 *payload,
         gsize         length)
{
  const char *names[16] = {
    [1] = "text", [2] = "binary", [8] = "close", [9] = "ping", [10] = "pong",
  };

  g_assert_nonnull (names[opcode]);

  if (opcode == 8 && length >= 2)
    return g_strdup_printf ("close:%u%s%.*s", payload[0] << 8 | payload[1],
                            length > 2 ? ":" : "", (int) length - 2, payload + 2);

  if (opcode == 2 || length > MAX_SHOWN)
    return g_strdup_printf ("%s:%" G_GSIZE_FORMAT, names[opcode], length);

  return g_strdup_printf ("%s:%.*s", names[opcode], (int) length, payload);
}

/* RFC 6455, 5.2. Returns how many bytes the first frame has, 0 if it is not there yet. */
static gsize
read_frame (RawPeer *self)
{
  guint8 *data = self->incoming->data;
  gsize available = self->incoming->len;
  gsize length;
  gsize at = 2;
  gsize i;

  if (available < 2)
    return 0;

  length = data[1] & 0x7f;
  if (length >= 126)
    {
      gsize n_bytes = length == 126 ? 2 : 8;

      if (available < at + n_bytes)
        return 0;

      for (length = 0; n_bytes > 0; n_bytes--)
        length = length << 8 | data[at++];
    }

  if (available < at + 4 + length)
    return 0;

  /* What a client sends whole and masked */
  g_assert_cmphex (data[0] & 0x80, ==, 0x80);
  g_assert_cmphex (data[1] & 0x80, ==, 0x80);

  for (i = 0; i < length; i++)
    data[at + 4 + i] ^= data[at + i % 4];

  g_queue_push_tail (&self->frames, to_word (data[0] & 0x0f, data + at + 4, length));
  if (self->server->received != NULL)
    self->server->received (self, self->server->received_data);

  return at + 4 + length;
}

static void
read_frames (RawPeer *self)
{
  gsize length;

  while (self->is_shaken && (length = read_frame (self)) > 0)
    g_byte_array_remove_range (self->incoming, 0, length);
}

static gboolean
input_cb (GSocket      *socket,
          GIOCondition  condition,
          gpointer      user_data)
{
  RawPeer *self = user_data;
  guint8 buffer[65536];
  gssize n_read = g_socket_receive_with_blocking (socket, (char *) buffer, sizeof buffer,
                                                  FALSE, NULL, NULL);

  if (n_read <= 0)
    {
      self->has_ended = TRUE;
      g_clear_pointer (&self->input, g_source_unref);
      return G_SOURCE_REMOVE;
    }

  g_byte_array_append (self->incoming, buffer, n_read);
  if (self->request == NULL)
    read_request (self);
  read_frames (self);

  return self->input != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  RawServer *self = user_data;
  RawPeer *peer = g_new0 (RawPeer, 1);

  /* Frames go out as they are written, tcp(7). */
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, TRUE,
                       NULL);
  peer->server = self;
  peer->connection = g_object_ref (connection);
  peer->incoming = g_byte_array_new ();
  g_queue_init (&peer->frames);
  g_ptr_array_add (self->peers, peer);
  g_tcp_connection_set_graceful_disconnect (G_TCP_CONNECTION (connection), FALSE);
  raw_peer_resume (peer);

  return TRUE;
}

/* On the same port each time */
void
raw_server_start (RawServer *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (self->service);
  address = g_inet_socket_address_new_from_string ("127.0.0.1", self->port);
  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, &error);
  g_assert_no_error (error);
  g_socket_bind (socket, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (socket, &error);
  g_assert_no_error (error);

  effective = g_socket_get_local_address (socket, NULL);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  self->service = g_socket_service_new ();
  g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
}

/* Connections that there are stay. */
void
raw_server_stop (RawServer *self)
{
  if (self->service == NULL)
    return;

  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
}

RawServer *
raw_server_new (void)
{
  RawServer *self = g_new0 (RawServer, 1);

  self->peers = g_ptr_array_new_with_free_func (free_peer);
  raw_server_start (self);
  self->uri = g_strdup_printf ("ws://127.0.0.1:%u/", self->port);

  return self;
}

/* What a client said that no test asked for fails it. */
void
raw_server_free (RawServer *self)
{
  guint i;

  for (i = 0; i < self->peers->len && self->received == NULL; i++)
    raw_peer_expect_quiet (raw_server_get_peer (self, i));

  raw_server_stop (self);
  g_ptr_array_unref (self->peers);
  g_free (self->uri);
  g_free (self->answer);
  g_free (self->greeting);
  g_free (self);
}

const char *
raw_server_get_uri (RawServer *self)
{
  return self->uri;
}

/* Whether handshakes are answered, from now on */
void
raw_server_set_answers (RawServer *self,
                        gboolean   answers)
{
  self->is_deaf = !answers;
}

void
raw_server_set_answer (RawServer  *self,
                       const char *text)
{
  g_free (self->answer);
  self->answer = g_strdup (text);
}

void
raw_server_set_greeting (RawServer  *self,
                         const char *text)
{
  g_free (self->greeting);
  self->greeting = g_strdup (text);
}

void
raw_server_set_opened (RawServer   *self,
                       RawPeerFunc  func,
                       gpointer     user_data)
{
  self->opened = func;
  self->opened_data = user_data;
}

/* @func is called for each frame, and from then on it is its business what a client says. */
void
raw_server_set_received (RawServer   *self,
                         RawPeerFunc  func,
                         gpointer     user_data)
{
  self->received = func;
  self->received_data = user_data;
}

/* Connections of TCP, with a handshake or without */
guint
raw_server_get_n_accepted (RawServer *self)
{
  return self->peers->len;
}

RawPeer *
raw_server_get_peer (RawServer *self,
                     guint      index)
{
  g_assert_cmpuint (index, <, self->peers->len);

  return g_ptr_array_index (self->peers, index);
}

/* Waits until the connection with this number has come, and its request. */
RawPeer *
raw_server_wait_peer (RawServer *self,
                      guint      index)
{
  wait_until (self->peers->len > index && raw_server_get_peer (self, index)->request != NULL);

  return raw_server_get_peer (self, index);
}

/* A client that has gone meanwhile is none of the server's errors. */
void
raw_peer_write (RawPeer    *self,
                const void *data,
                gsize       length)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (output, data, length, NULL, NULL, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_assert_no_error (error);
}

void
raw_peer_send (RawPeer    *self,
               guint8      opcode,
               const void *payload,
               gsize       length)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 header[4] = { 0x80 | opcode, length < 126 ? length : 126, length >> 8, length };

  g_assert_cmpuint (length, <, 65536);
  g_byte_array_append (frame, header, length < 126 ? 2 : 4);
  g_byte_array_append (frame, payload, length);
  raw_peer_write (self, frame->data, frame->len);
}

void
raw_peer_send_text (RawPeer    *self,
                    const char *text)
{
  raw_peer_send (self, 0x1, text, strlen (text));
}

/* @code: 0 for a frame without one */
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

  raw_peer_send (self, 0x8, payload->data, payload->len);
}

/* A frame of an opcode that means nothing */
void
raw_peer_send_nonsense (RawPeer *self)
{
  raw_peer_send (self, 0x3, "?", 1);
}

static void
clear_input (RawPeer *self)
{
  if (self->input == NULL)
    return;

  g_source_destroy (self->input);
  g_clear_pointer (&self->input, g_source_unref);
}

/* Reads no more, so that the client's socket becomes full in the end. */
void
raw_peer_pause (RawPeer *self)
{
  clear_input (self);
}

void
raw_peer_resume (RawPeer *self)
{
  GSocket *socket = g_socket_connection_get_socket (self->connection);

  clear_input (self);
  self->input = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->input, G_SOURCE_FUNC (input_cb), self, NULL);
  g_source_attach (self->input, g_main_context_get_thread_default ());
}

/* Closes the socket without a word. */
void
raw_peer_drop (RawPeer *self)
{
  clear_input (self);

  if (self->connection != NULL)
    g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);

  g_clear_object (&self->connection);
}

/* Lets the kernel send an RST, socket(7). */
void
raw_peer_reset (RawPeer *self)
{
  GSocket *socket = g_socket_connection_get_socket (self->connection);
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  g_assert_cmpint (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER,
                               &linger, sizeof linger), ==, 0);
  raw_peer_drop (self);
}

/* How many have come that were not taken */
guint
raw_peer_get_n_frames (RawPeer *self)
{
  return g_queue_get_length (&self->frames);
}

/* Waits for the next frame, and gives its word: text:hi, binary:3, ping:heartbeat, close:1000 */
char *
raw_peer_take (RawPeer *self)
{
  wait_until (!g_queue_is_empty (&self->frames));

  return g_queue_pop_head (&self->frames);
}

/* Waits for the frames that @words names, with spaces between them, and for no other before. */
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

/* What has come and was not asked for is as it may be. */
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

/* Waits until the client has closed its socket, and for no frame before. */
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

/* Returns: (nullable): the lines of the handshake */
const char *
raw_peer_get_request (RawPeer *self)
{
  return self->request;
}
