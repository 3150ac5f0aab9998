/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "flood.h"
#include "raw-frame.h"

struct _Flood
{
  GSocket      *listener;
  GCancellable *cancellable;
  GThread      *thread;
  char         *uri;
  const char   *answer;  /* (not owned) */
  char         *headers;
  GByteArray   *first;   /* (nullable) */
  GByteArray   *again;   /* (nullable) */
  guint64       limit;
  GMutex        mutex;
  guint64       n_sent;
};

static gboolean
read_request (Flood   *self,
              GSocket *socket,
              char    *buffer,
              gsize    size)
{
  gsize length = 0;

  while (length < size - 1)
    {
      gssize n_read = g_socket_receive (socket, buffer + length, size - 1 - length,
                                        self->cancellable, NULL);

      if (n_read <= 0)
        return FALSE;

      length += n_read;
      buffer[length] = '\0';
      if (strstr (buffer, "\r\n\r\n") != NULL)
        return TRUE;
    }

  return FALSE;
}

static gboolean
say (Flood      *self,
     GSocket    *socket,
     const void *data,
     gsize       length)
{
  const char *at = data;

  while (length > 0)
    {
      gssize n_sent = g_socket_send (socket, at, length, self->cancellable, NULL);

      if (n_sent < 0)
        return FALSE;

      at += n_sent;
      length -= n_sent;
      g_mutex_lock (&self->mutex);
      self->n_sent += n_sent;
      g_mutex_unlock (&self->mutex);
    }

  return TRUE;
}

static gboolean
greet (Flood   *self,
       GSocket *socket)
{
  char request[8192];
  g_autofree char *accept = NULL;
  g_autofree char *answer = NULL;

  if (!read_request (self, socket, request, sizeof request))
    return FALSE;

  if (strcmp (self->answer, FLOOD_SHAKES) != 0)
    return say (self, socket, self->answer, strlen (self->answer));

  accept = raw_frame_make_accept (request);
  answer = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n"
                            "%s"
                            "\r\n",
                            accept, self->headers);

  return say (self, socket, answer, strlen (answer));
}

static gpointer
run_flood (gpointer data)
{
  Flood *self = data;
  g_autoptr (GSocket) socket = g_socket_accept (self->listener, self->cancellable, NULL);
  gboolean goes_on;

  if (socket == NULL || !greet (self, socket))
    return NULL;

  goes_on = self->first == NULL || say (self, socket, self->first->data, self->first->len);
  while (goes_on && self->again != NULL && flood_get_n_sent (self) < self->limit)
    goes_on = say (self, socket, self->again->data, self->again->len);

  /* Keeps the socket open until flood_free (). */
  while (!g_cancellable_is_cancelled (self->cancellable))
    g_usleep (G_TIME_SPAN_MILLISECOND);

  return NULL;
}

/* Takes ownership of @first and @again.
 *
 * @answer: the answer to the request, or FLOOD_SHAKES; must remain valid until flood_free ()
 * @headers: additional headers for FLOOD_SHAKES, each with CRLF at its end
 * @first: (nullable): the bytes after the answer
 * @again: (nullable): the bytes after @first, repeated until at least @limit bytes have been sent
 *   in all, including the answer */
Flood *
flood_new (const char *answer,
           const char *headers,
           GByteArray *first,
           GByteArray *again,
           guint64     limit)
{
  Flood *self = g_new0 (Flood, 1);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;

  self->answer = answer;
  self->headers = g_strdup (headers);
  self->first = first;
  self->again = again;
  self->limit = limit;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->mutex);
  self->listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (self->listener, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (self->listener, &error);
  g_assert_no_error (error);
  effective = g_socket_get_local_address (self->listener, &error);
  g_assert_no_error (error);
  self->uri = g_strdup_printf ("ws://127.0.0.1:%u/",
                               g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective)));
  self->thread = g_thread_new ("flood", run_flood, self);

  return self;
}

void
flood_free (Flood *self)
{
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_socket_close (self->listener, NULL);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->first, g_byte_array_unref);
  g_clear_pointer (&self->again, g_byte_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self->headers);
  g_free (self->uri);
  g_free (self);
}

const char *
flood_get_uri (Flood *self)
{
  return self->uri;
}

/* Returns the number of sent bytes, including the answer. */
guint64
flood_get_n_sent (Flood *self)
{
  guint64 n_sent;

  g_mutex_lock (&self->mutex);
  n_sent = self->n_sent;
  g_mutex_unlock (&self->mutex);

  return n_sent;
}

gboolean
flood_is_over (Flood *self)
{
  return flood_get_n_sent (self) >= self->limit;
}
