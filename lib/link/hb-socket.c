/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "hb-socket-private.h"

/* Finds and controls the socket below all streams that libsoup and TLS have put over it. */

/* The value of TCP_NOTSENT_LOWAT: the socket is writable only while fewer bytes than this are
 * unsent. Otherwise a ping would wait behind megabytes of messages, which would all be lost with
 * the connection. */
#define NOTSENT_LOWAT (64 * 1024)

/* The property that contains the stream below, in the streams of libsoup and in those of GIO */
#define SOUP_BASE "base-iostream"
#define GIO_BASE "base-io-stream"

/* Returns: (transfer full) (nullable) */
static GIOStream *
get_base (GIOStream  *stream,
          const char *property)
{
  GIOStream *base = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (stream), property) != NULL)
    g_object_get (stream, property, &base, NULL);

  return base;
}

/* Returns: (transfer full) (nullable): NULL if a stream over the socket hides it */
GSocket *
hb_socket_find (SoupWebsocketConnection *connection)
{
  g_autoptr (GIOStream) stream = NULL;

  stream = g_object_ref (soup_websocket_connection_get_io_stream (connection));

  while (!G_IS_SOCKET_CONNECTION (stream))
    {
      GIOStream *base = get_base (stream, SOUP_BASE);

      if (base == NULL)
        base = get_base (stream, GIO_BASE);

      if (base == NULL)
        return NULL;

      g_object_unref (stream);
      stream = base;
    }

  return g_object_ref (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

/* Returns whether @stream is libsoup's own stream, directly over a TCP connection. If so, all
 * unread bytes are in the socket or in @stream, and written bytes reach the socket unchanged. TLS,
 * and GIO's streams for a proxy, may buffer bytes. */
gboolean
hb_socket_is_direct (GIOStream *stream)
{
  g_autoptr (GIOStream) base = get_base (stream, SOUP_BASE);

  return base != NULL && G_OBJECT_TYPE (base) == G_TYPE_TCP_CONNECTION;
}

void
hb_socket_limit_unsent (GSocket *socket)
{
#ifdef TCP_NOTSENT_LOWAT
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT, NULL);
#endif
}

/* Ends both directions at once, even under TLS. */
void
hb_socket_shut_down (GSocket *socket)
{
  g_socket_shutdown (socket, TRUE, TRUE, NULL);
}
