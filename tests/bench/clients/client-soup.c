/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <libsoup/soup.h>

#include "bench-client.h"

/* A client that uses libsoup alone, without compression */

static BenchClient client;

static void
send_messages (SoupWebsocketConnection *connection,
               guint                    n_messages)
{
  SoupWebsocketDataType type = client.is_text
                               ? SOUP_WEBSOCKET_DATA_TEXT
                               : SOUP_WEBSOCKET_DATA_BINARY;
  guint i;

  for (i = 0; i < n_messages; i++)
    soup_websocket_connection_send_message (connection, type, client.message);
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            gpointer                 user_data)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);

  send_messages (connection, bench_client_on_message (&client, data, size));
}

static void
closed_cb (SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  g_error ("The connection was closed");
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  SoupWebsocketConnection *connection;

  connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (connection == NULL)
    g_error ("%s", error->message);

  soup_websocket_connection_set_max_incoming_payload_size (connection, 0);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), NULL);
  send_messages (connection, bench_client_on_open (&client));
}

static gboolean
accept_cb (SoupMessage          *request,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) request = NULL;

  bench_client_init (&client, argc, argv);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  request = soup_message_new (SOUP_METHOD_GET, client.uri);
  g_signal_connect (request, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  soup_session_websocket_connect_async (session, request, NULL, NULL, G_PRIORITY_DEFAULT,
                                        NULL, connected_cb, NULL);
  g_main_loop_run (loop);

  return 0;
}
