/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-client.h"
#include "bench-engine.h"

/* A client that uses the engine, which bench-engine.c describes */

static BenchClient client;

static void
send_messages (BenchEngine *engine,
               guint        n_messages)
{
  SoupWebsocketDataType type = client.is_text
                               ? SOUP_WEBSOCKET_DATA_TEXT
                               : SOUP_WEBSOCKET_DATA_BINARY;
  guint i;

  for (i = 0; i < n_messages; i++)
    bench_engine_send_message (engine, type, client.message);
}

static void
message_cb (BenchEngine           *engine,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);

  send_messages (engine, bench_client_on_message (&client, data, size));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (BenchEngine) engine = bench_engine_new ();
  g_autoptr (GError) error = NULL;

  bench_client_init (&client, argc, argv);
  g_signal_connect (engine, "message", G_CALLBACK (message_cb), NULL);
  if (!bench_engine_open (engine, client.uri, &error))
    g_error ("%s", error->message);
  send_messages (engine, bench_client_on_open (&client));
  g_main_loop_run (loop);

  return 0;
}
