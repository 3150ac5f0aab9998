/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rates.h"

/* A path of the peer in tests/apps/bindings, for the programs in doc/cookbook.md. The server closes
 * a connection on which more than MAX_MESSAGES messages arrive within INTERVAL. The client numbers
 * its messages from 1, across all its connections. The server also closes a connection if a message
 * is lost, repeated or out of order. */

#define PATH         "/limited"
#define MAX_MESSAGES 20
#define INTERVAL     G_TIME_SPAN_SECOND

typedef struct
{
  gint64 times[MAX_MESSAGES]; /* when the last messages arrived, in microseconds */
  guint  n_messages;
} Visitor;

static guint n_echoed;

static gboolean
is_too_fast (Visitor *visitor)
{
  gint64 now = g_get_monotonic_time ();
  gint64 *time = &visitor->times[visitor->n_messages % MAX_MESSAGES];
  gboolean result = visitor->n_messages >= MAX_MESSAGES && now - *time < INTERVAL;

  *time = now;
  visitor->n_messages++;

  return result;
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            Visitor                 *visitor)
{
  const char *text = g_bytes_get_data (message, NULL);
  g_autofree char *expected = g_strdup_printf ("%u", n_echoed + 1);

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (is_too_fast (visitor))
    {
      soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
                                       "too many messages in a second");
    }
  else if (!g_str_equal (text, expected))
    {
      soup_websocket_connection_close (connection, 4000, "not the next message");
    }
  else
    {
      n_echoed++;
      soup_websocket_connection_send_text (connection, text);
    }
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Visitor *visitor = g_new0 (Visitor, 1);

  g_object_set_data_full (G_OBJECT (connection), "visitor", visitor, g_free);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), visitor);
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);
}

void
rates_add (SoupServer *server)
{
  soup_server_add_websocket_handler (server, PATH, NULL, NULL, websocket_cb, NULL, NULL);
}
