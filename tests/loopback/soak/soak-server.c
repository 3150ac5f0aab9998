/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "raw-frame.h"
#include "soak-server.h"

/* The number of frames that the server echoes before each End listed above END_AT_ONCE */
#define N_ECHOES 4

/* The maximum size of a payload, or of the lines of a request, in bytes */
#define MAX_SIZE 4096

/* The ways in which the server ends a connection, or refuses it */
typedef enum {
  END_FIN,          /* without a close frame */
  END_RESET,
  END_CLOSE,        /* with a closing handshake */
  END_RESTART,      /* with a close code that libsoup does not know */
  END_NONSENSE,     /* a reserved opcode */
  END_MASKED,       /* a masked frame, which a server must not send */
  END_NOT_UTF8,
  END_CUT,          /* within a frame */
  END_SILENCE,      /* no more data */
  END_AT_ONCE,      /* right after the handshake and a message */
  END_REFUSE,       /* with status 503 */
  END_GARBAGE,      /* in place of a valid answer */
  END_ACCEPT,       /* right after accepting the TCP connection */
} End;

G_STATIC_ASSERT (END_ACCEPT + 1 == SOAK_SERVER_N_ENDS);

struct _SoakServer
{
  GThread         *thread;
  GSocketListener *listener;
  GTlsCertificate *certificate; /* (nullable) */
  char            *uri;
  int              n_ended[SOAK_SERVER_N_ENDS]; /* (atomic) */
  int              is_busy;     /* (atomic) */
  int              is_over;     /* (atomic) */
};

static gboolean
write_all (GIOStream  *stream,
           const void *data,
           gsize       length)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (stream), data, length,
                                    NULL, NULL, NULL);
}

static gboolean
read_all (GIOStream *stream,
          void      *data,
          gsize      length)
{
  gsize n_read;

  return g_input_stream_read_all (g_io_stream_get_input_stream (stream), data, length,
                                  &n_read, NULL, NULL)
         && n_read == length;
}

static void
read_to_end (GIOStream *stream)
{
  char byte;

  while (read_all (stream, &byte, 1))
    ;
}

/* Returns: (nullable) (transfer full): the value of Sec-WebSocket-Accept for the request */
static char *
read_handshake (GIOStream *stream)
{
  char request[MAX_SIZE] = "";
  gsize length = 0;

  while (strstr (request, "\r\n\r\n") == NULL)
    {
      gssize n_read = g_input_stream_read (g_io_stream_get_input_stream (stream),
                                           request + length, sizeof request - 1 - length,
                                           NULL, NULL);

      if (n_read <= 0)
        return NULL;

      length += n_read;
    }

  return raw_frame_make_accept (request);
}

static gboolean
shake_hands (GIOStream *stream,
             End        end)
{
  g_autofree char *accept = read_handshake (stream);
  g_autofree char *answer = NULL;

  if (accept == NULL)
    return FALSE;

  if (end == END_REFUSE)
    answer = g_strdup ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                       "Connection: close\r\n\r\n");
  else if (end == END_GARBAGE)
    answer = g_strdup ("what is this\r\n\r\n");
  else
    answer = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
                              "\x81\x05" "hello", accept);

  return write_all (stream, answer, strlen (answer));
}

/* Sends a frame of the client back without the mask: RFC 6455, 5.2 and 5.3. Returns FALSE for a
 * close frame, for a payload longer than MAX_SIZE, and if the connection has ended. */
static gboolean
echo (GIOStream *stream)
{
  guint8 header[8];
  guint8 payload[MAX_SIZE];
  gsize length;
  gsize at = 0;
  gsize i;

  if (!read_all (stream, header, 2))
    return FALSE;

  /* 127 stands for a length that does not fit into 16 bits. */
  length = header[1] & 0x7f;
  if (length == 127)
    return FALSE;

  if (length == 126)
    {
      if (!read_all (stream, header + 2, 2))
        return FALSE;

      length = header[2] << 8 | header[3];
      at = 2;
    }

  if (length > sizeof payload
      || !read_all (stream, header + 2 + at, 4)
      || !read_all (stream, payload, length))
    return FALSE;

  for (i = 0; i < length; i++)
    payload[i] ^= header[2 + at + i % 4];

  if ((header[0] & 0x0f) == 0x8)
    return FALSE;

  header[1] &= 0x7f;

  return write_all (stream, header, 2 + at) && write_all (stream, payload, length);
}

static void
finish (GIOStream *stream,
        GSocket   *socket,
        End        end)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  switch (end)
    {
    case END_RESET:
      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
      break;
    case END_CLOSE:
      write_all (stream, "\x88\x05\x03\xe8" "bye", 7);
      read_to_end (stream);
      break;
    case END_RESTART:
      write_all (stream, "\x88\x02\x03\xf4", 4);
      break;
    case END_NONSENSE:
      write_all (stream, "\x83\x01?", 3);
      read_to_end (stream);
      break;
    case END_MASKED:
      write_all (stream, "\x81\x81" "keys?", 7);
      read_to_end (stream);
      break;
    case END_NOT_UTF8:
      write_all (stream, "\x81\x02\xc3\x28", 4);
      read_to_end (stream);
      break;
    case END_CUT:
      write_all (stream, "\x82\x7e\x0f\xff" "some", 8);
      break;
    case END_SILENCE:
      read_to_end (stream);
      break;
    case END_FIN:
    case END_AT_ONCE:
    case END_REFUSE:
    case END_GARBAGE:
    case END_ACCEPT:
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Returns FALSE if the connection ended before the server could end it. */
static gboolean
serve (SoakServer        *self,
       GSocketConnection *connection,
       End                end)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GIOStream) stream = G_IO_STREAM (g_object_ref (connection));
  guint i;

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_timeout (socket, 10);

  if (end == END_ACCEPT)
    return TRUE;

  if (self->certificate != NULL)
    {
      g_object_unref (stream);
      stream = g_tls_server_connection_new (G_IO_STREAM (connection), self->certificate, NULL);
      g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (stream), FALSE);
    }

  if (!shake_hands (stream, end))
    return FALSE;

  for (i = 0; i < N_ECHOES && end < END_AT_ONCE; i++)
    {
      if (!echo (stream))
        return FALSE;
    }

  finish (stream, socket, end);

  return TRUE;
}

/* END_SILENCE takes as long as a hundred other ends, so END_FIN replaces it in most rounds. */
static End
choose_end (guint n_links)
{
  End end = n_links % SOAK_SERVER_N_ENDS;

  if (end == END_SILENCE && n_links / SOAK_SERVER_N_ENDS % 16 != 0)
    return END_FIN;

  return end;
}

static gpointer
serve_in_thread (gpointer data)
{
  SoakServer *self = data;
  guint n_links = 0;

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketConnection) connection =
        g_socket_listener_accept (self->listener, NULL, NULL, &error);
      End end = choose_end (n_links++);

      if (g_atomic_int_get (&self->is_over))
        return NULL;

      if (connection == NULL)
        g_error ("Could not accept a connection: %s", error->message);

      g_atomic_int_set (&self->is_busy, TRUE);
      g_tcp_connection_set_graceful_disconnect (G_TCP_CONNECTION (connection), FALSE);
      if (serve (self, connection, end))
        g_atomic_int_inc (&self->n_ended[end]);
      g_socket_close (g_socket_connection_get_socket (connection), NULL);
      g_clear_object (&connection);
      g_atomic_int_set (&self->is_busy, FALSE);
    }
}

SoakServer *
soak_server_new (GTlsCertificate *certificate)
{
  SoakServer *self = g_new0 (SoakServer, 1);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;

  self->listener = g_socket_listener_new ();
  g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
  if (error != NULL)
    g_error ("Could not listen: %s", error->message);

  g_set_object (&self->certificate, certificate);
  self->uri = g_strdup_printf ("%s://127.0.0.1:%u/", certificate != NULL ? "wss" : "ws",
                               g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective)));
  self->thread = g_thread_new ("server", serve_in_thread, self);

  return self;
}

/* The thread waits in accept (), so another connection must wake it. */
void
soak_server_free (SoakServer *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) last = NULL;
  g_autoptr (GUri) uri = g_uri_parse (self->uri, G_URI_FLAGS_NONE, NULL);

  g_atomic_int_set (&self->is_over, TRUE);
  last = g_socket_client_connect_to_host (client, "127.0.0.1", g_uri_get_port (uri), NULL, NULL);
  g_thread_join (self->thread);
  g_object_unref (self->listener);
  g_clear_object (&self->certificate);
  g_free (self->uri);
  g_free (self);
}

const char *
soak_server_get_uri (SoakServer *self)
{
  return self->uri;
}

gboolean
soak_server_is_idle (SoakServer *self)
{
  return !g_atomic_int_get (&self->is_busy);
}

gboolean
soak_server_has_used_all (SoakServer *self)
{
  guint end;

  for (end = 0; end < SOAK_SERVER_N_ENDS; end++)
    {
      if (g_atomic_int_get (&self->n_ended[end]) == 0)
        return FALSE;
    }

  return TRUE;
}
