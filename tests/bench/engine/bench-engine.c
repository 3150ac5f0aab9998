/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>

#include "bench-engine.h"
#include "hb-marshal-private.h"

/* The engine shows the speed of a minimal WebSocket client that uses GIO's streams and emits a
 * signal with a GBytes for each message. The engine does not check UTF-8, answer control frames or
 * join fragments, and it has no timers, so it is useful only for measurements. */

#define BUFFER_SIZE (64 * 1024)

/* If a payload of this length or more has arrived only in part, the rest is read directly into the
 * memory of its message. */
#define LONG_SIZE (8 * 1024)

/* The size of the read after such a payload. A larger read would take more bytes of the next
 * payload, and these bytes would be copied. */
#define HEAD_READ 16

/* A read from GnuTLS returns at most one record, even if the next record has arrived. */
#define RECORD_SIZE (16 * 1024)

/* Payloads are masked and written in pieces that stay in the processor's cache. The size of a piece
 * is a multiple of the size of the mask, so each piece begins with the mask's first byte. */
#define PIECE_SIZE (64 * 1024)

#define READS_PER_DISPATCH 16

/* The length of the longest header that is sent, and of the shortest that is received */
#define SENT_HEAD_MAX 14
#define HEAD_MIN      2

#define FIN        0x80
#define MASKED     0x80
#define OPCODE     0x0f
#define LENGTH     0x7f
#define LENGTH_16  126
#define LENGTH_64  127

#define N_MASKS 1024

struct _BenchEngine
{
  GObject                parent_instance;

  GIOStream             *stream;       /* (owned) (nullable) */
  GPollableInputStream  *input;        /* (not owned) */
  GPollableOutputStream *output;       /* (not owned) */
  GSource               *readable;     /* (owned) (nullable) */
  GSource               *writable;     /* (owned) (nullable) NULL unless a write would block */
  gboolean               is_tls;
  gboolean               gathers;      /* whether received messages are being delivered */

  guint8                *in;           /* (owned) BUFFER_SIZE bytes */
  gsize                  in_end;
  gsize                  in_wanted;    /* the maximum of in_end after the next read */

  guint8                *payload;      /* (owned) (nullable) of a long message that is incomplete */
  gsize                  payload_size;
  gsize                  payload_end;
  SoupWebsocketDataType  type;

  guint8                *out;          /* (owned) */
  gsize                  out_size;
  gsize                  out_start;
  gsize                  out_end;

  guint32                masks[N_MASKS];
  guint                  next_mask;
};

G_DEFINE_FINAL_TYPE (BenchEngine, bench_engine, G_TYPE_OBJECT)

enum {
  SIGNAL_MESSAGE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
writable_cb (GObject  *output,
             gpointer  user_data);

static void
expect_would_block (GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_error ("%s", error->message);
}

static void
flush (BenchEngine *self)
{
  g_autoptr (GError) error = NULL;
  gssize n;

  while (self->writable == NULL && self->out_start < self->out_end)
    {
      n = g_pollable_output_stream_write_nonblocking (self->output, self->out + self->out_start,
                                                      self->out_end - self->out_start, NULL,
                                                      &error);
      if (n < 0)
        {
          expect_would_block (error);
          self->writable = g_pollable_output_stream_create_source (self->output, NULL);
          g_source_set_callback (self->writable, G_SOURCE_FUNC (writable_cb), self, NULL);
          g_source_attach (self->writable, NULL);
          return;
        }
      self->out_start += n;
    }

  if (self->out_start == self->out_end)
    self->out_start = self->out_end = 0;
}

static gboolean
writable_cb (GObject  *output,
             gpointer  user_data)
{
  BenchEngine *self = BENCH_ENGINE (user_data);

  g_clear_pointer (&self->writable, g_source_unref);
  flush (self);

  return G_SOURCE_REMOVE;
}

/* Returns the end of the data that waits to be written, with room for @length more bytes. */
static guint8 *
make_room (BenchEngine *self,
           gsize        length)
{
  if (self->out_end + length > self->out_size)
    {
      self->out_size = MAX (self->out_size * 2, self->out_end + length);
      self->out = g_realloc (self->out, self->out_size);
    }

  return self->out + self->out_end;
}

static guint32
take_mask (BenchEngine *self)
{
  /* getrandom () returns all bytes, because the clients receive no signal that could interrupt the
   * call. */
  if (self->next_mask == N_MASKS)
    {
      if (getrandom (self->masks, sizeof self->masks, 0) != sizeof self->masks)
        g_error ("Cannot read random numbers");
      self->next_mask = 0;
    }

  return self->masks[self->next_mask++];
}

static void
put_masked (guint8       *restrict place,
            const guint8 *restrict data,
            gsize                  length,
            guint32                mask)
{
  guint64 wide = (guint64) mask << 32 | mask;
  guint64 eight;
  guint8 key[sizeof wide];
  gsize i;

  for (i = 0; i + sizeof eight <= length; i += sizeof eight)
    {
      memcpy (&eight, data + i, sizeof eight);
      eight ^= wide;
      memcpy (place + i, &eight, sizeof eight);
    }

  memcpy (key, &wide, sizeof key);
  for (; i < length; i++)
    place[i] = data[i] ^ key[i % sizeof key];
}

static void
put_head (BenchEngine           *self,
          SoupWebsocketDataType  type,
          guint64                length,
          guint32                mask)
{
  guint8 *place = make_room (self, SENT_HEAD_MAX);
  guint n_bytes = length < LENGTH_16 ? 0 : length <= G_MAXUINT16 ? 2 : 8;
  guint i;

  place[0] = FIN | type;
  place[1] = MASKED | (n_bytes == 0 ? length : n_bytes == 2 ? LENGTH_16 : LENGTH_64);
  for (i = 0; i < n_bytes; i++)
    place[2 + i] = length >> (8 * (n_bytes - 1 - i));
  memcpy (place + 2 + n_bytes, &mask, sizeof mask);

  self->out_end += 2 + n_bytes + sizeof mask;
}

static void
deliver (BenchEngine *self,
         guint8      *payload,
         gsize        size)
{
  g_autoptr (GBytes) message = g_bytes_new_take (payload, size);

  g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, self->type, message);
}

/* Copies the @length bytes of a long message that have been received together with its header. */
static void
begin_payload (BenchEngine  *self,
               gsize         size,
               const guint8 *data,
               gsize         length)
{
  self->payload = g_malloc (size);
  self->payload_size = size;
  self->payload_end = length;
  memcpy (self->payload, data, length);
}

/* Stores the type and the size of the message. Returns the length of the header, or 0 if it is
 * incomplete. */
static gsize
parse_head (BenchEngine  *self,
            const guint8 *data,
            gsize         length,
            guint64      *size)
{
  guint n_bytes;
  guint i;

  if (length < HEAD_MIN)
    return 0;

  n_bytes = data[1] == LENGTH_64 ? 8 : data[1] == LENGTH_16 ? 2 : 0;
  if (length < HEAD_MIN + n_bytes)
    return 0;

  if ((data[0] != (FIN | SOUP_WEBSOCKET_DATA_TEXT) && data[0] != (FIN | SOUP_WEBSOCKET_DATA_BINARY))
      || (data[1] & MASKED) != 0)
    g_error ("Received a frame that no benchmark sends");

  self->type = data[0] & OPCODE;
  *size = n_bytes == 0 ? data[1] & LENGTH : 0;
  for (i = 0; i < n_bytes; i++)
    *size = *size << 8 | data[HEAD_MIN + i];

  return HEAD_MIN + n_bytes;
}

/* Delivers all complete messages in the buffer. Moves the rest to the memory of a long message, or
 * to the front of the buffer. */
static void
parse (BenchEngine *self)
{
  gsize at = 0;

  while (self->payload == NULL)
    {
      const guint8 *data = self->in + at;
      gsize length = self->in_end - at;
      guint64 size = 0;
      gsize head = parse_head (self, data, length, &size);

      if (head == 0)
        break;

      if (size <= length - head)
        {
          deliver (self, g_memdup2 (data + head, size), size);
          at += head + size;
        }
      else if (size >= LONG_SIZE)
        {
          begin_payload (self, size, data + head, length - head);
          at = self->in_end;
        }
      else
        {
          break;
        }
    }

  self->in_end -= at;
  memmove (self->in, self->in + at, self->in_end);
}

static void
parse_or_finish (BenchEngine *self,
                 gsize        n_read)
{
  if (self->payload == NULL)
    {
      self->in_end += n_read;
      self->in_wanted = BUFFER_SIZE;
      parse (self);
    }
  else if ((self->payload_end += n_read) == self->payload_size)
    {
      deliver (self, g_steal_pointer (&self->payload), self->payload_size);
      self->in_wanted = HEAD_READ;
    }
}

/* Returns whether another read may return more bytes. */
static gboolean
read_once (BenchEngine *self)
{
  g_autoptr (GError) error = NULL;
  guint8 *place = self->payload != NULL
                  ? self->payload + self->payload_end
                  : self->in + self->in_end;
  gsize wanted = self->payload != NULL
                 ? self->payload_size - self->payload_end
                 : self->in_wanted - self->in_end;
  gssize n = g_pollable_input_stream_read_nonblocking (self->input, place, wanted, NULL, &error);

  if (n == 0)
    g_error ("The connection was closed");
  if (n < 0)
    {
      expect_would_block (error);
      return FALSE;
    }

  parse_or_finish (self, n);

  return (gsize) n == wanted || (self->is_tls && n >= RECORD_SIZE);
}

static gboolean
readable_cb (GObject  *input,
             gpointer  user_data)
{
  BenchEngine *self = BENCH_ENGINE (user_data);
  guint i;

  self->gathers = TRUE;
  for (i = 0; i < READS_PER_DISPATCH && read_once (self); i++)
    continue;
  self->gathers = FALSE;
  flush (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
accept_cb (GTlsConnection       *connection,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return TRUE;
}

static void
event_cb (GSocketClient      *client,
          GSocketClientEvent  event,
          GSocketConnectable *connectable,
          GIOStream          *stream,
          gpointer            user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_signal_connect (stream, "accept-certificate", G_CALLBACK (accept_cb), NULL);
}

static GIOStream *
connect_to (const char  *uri,
            gboolean     is_tls,
            GError     **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = g_network_address_parse_uri (uri, 80, error);
  GSocketConnection *connection;

  if (address == NULL)
    return NULL;

  g_socket_client_set_tls (client, is_tls);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), NULL);
  connection = g_socket_client_connect (client, address, NULL, error);
  if (connection == NULL)
    return NULL;

  /* libsoup sets this option too. */
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, 1,
                       NULL);

  return G_IO_STREAM (connection);
}

/* Reads the response byte by byte, because a longer read could take bytes of a frame. The key is
 * constant, and the answer to it is not checked, because the engine connects only to the benchmark
 * server. */
static gboolean
shake_hands (BenchEngine  *self,
             GUri         *uri,
             GError      **error)
{
  g_autofree char *request = g_strdup_printf (
    "GET %s%s%s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    g_uri_get_path (uri), g_uri_get_query (uri) != NULL ? "?" : "",
    g_uri_get_query (uri) != NULL ? g_uri_get_query (uri) : "",
    g_uri_get_host (uri), g_uri_get_port (uri));
  g_autoptr (GString) response = g_string_new (NULL);
  char byte;

  if (!g_output_stream_write_all (G_OUTPUT_STREAM (self->output), request, strlen (request), NULL,
                                  NULL, error))
    return FALSE;

  while (!g_str_has_suffix (response->str, "\r\n\r\n"))
    {
      gssize n = g_input_stream_read (G_INPUT_STREAM (self->input), &byte, 1, NULL, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      g_string_append_c (response, byte);
    }

  if (g_str_has_prefix (response->str, "HTTP/1.1 101 "))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The server replied: %s", response->str);
  return FALSE;
}

static void
bench_engine_finalize (GObject *object)
{
  BenchEngine *self = BENCH_ENGINE (object);

  if (self->readable != NULL)
    g_source_destroy (self->readable);
  if (self->writable != NULL)
    g_source_destroy (self->writable);
  g_clear_pointer (&self->readable, g_source_unref);
  g_clear_pointer (&self->writable, g_source_unref);
  g_clear_object (&self->stream);
  g_free (self->payload);
  g_free (self->in);
  g_free (self->out);

  G_OBJECT_CLASS (bench_engine_parent_class)->finalize (object);
}

static void
bench_engine_class_init (BenchEngineClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = bench_engine_finalize;

  /**
   * BenchEngine::message:
   * @self: an engine
   * @type: the type of the message
   * @message: the message
   *
   * Emitted for each received message.
   */
  signals[SIGNAL_MESSAGE] =
    g_signal_new ("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, hb_marshal_message,
                  G_TYPE_NONE, 2, SOUP_TYPE_WEBSOCKET_DATA_TYPE, G_TYPE_BYTES);
  g_signal_set_va_marshaller (signals[SIGNAL_MESSAGE], type, hb_marshal_message_va);
}

static void
bench_engine_init (BenchEngine *self)
{
  self->in = g_malloc (BUFFER_SIZE);
  self->in_wanted = BUFFER_SIZE;
  self->next_mask = N_MASKS;
}

/**
 * bench_engine_new:
 *
 * Creates an engine.
 *
 * Returns: (transfer full): the engine
 */
BenchEngine *
bench_engine_new (void)
{
  return g_object_new (BENCH_TYPE_ENGINE, NULL);
}

/**
 * bench_engine_open:
 * @self: an engine
 * @uri: a URI with the scheme ws or wss, and with a port
 * @error: return location for an error
 *
 * Connects, and blocks until the response of the server has arrived.
 *
 * Returns: %TRUE if the connection is open
 */
gboolean
bench_engine_open (BenchEngine  *self,
                   const char   *uri,
                   GError      **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED, error);

  if (parsed == NULL)
    return FALSE;

  self->is_tls = g_str_equal (g_uri_get_scheme (parsed), "wss");
  self->stream = connect_to (uri, self->is_tls, error);
  if (self->stream == NULL)
    return FALSE;

  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));
  if (!shake_hands (self, parsed, error))
    return FALSE;

  self->readable = g_pollable_input_stream_create_source (self->input, NULL);
  g_source_set_callback (self->readable, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (self->readable, NULL);

  return TRUE;
}

/**
 * bench_engine_send_message:
 * @self: an engine with a connection
 * @type: the type of the message
 * @message: the message
 *
 * Sends a message.
 *
 * If a handler of BenchEngine::message calls this function, the message is written at the end of
 * the dispatch that delivers the received messages, or earlier if at least 64 KiB are waiting to be
 * written.
 */
void
bench_engine_send_message (BenchEngine           *self,
                           SoupWebsocketDataType  type,
                           GBytes                *message)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  guint32 mask = take_mask (self);
  gsize at;
  gsize n;

  put_head (self, type, size, mask);

  for (at = 0; at < size; at += n)
    {
      n = MIN (size - at, PIECE_SIZE);
      put_masked (make_room (self, n), data + at, n, mask);
      self->out_end += n;
      if (self->out_end - self->out_start >= PIECE_SIZE)
        flush (self);
    }

  if (!self->gathers)
    flush (self);
}
