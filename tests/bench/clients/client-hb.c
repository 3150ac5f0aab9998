/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <hb-websocket.h>

#include "bench-client.h"

/* A client that uses the task, with its heartbeat */

static BenchClient client;

static void
send_messages (HbWebsocketTask *task,
               guint            n_messages)
{
  SoupWebsocketDataType type = client.is_text
                               ? SOUP_WEBSOCKET_DATA_TEXT
                               : SOUP_WEBSOCKET_DATA_BINARY;
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < n_messages; i++)
    if (!hb_websocket_task_send_message (task, type, client.message, HB_SEND_FLAGS_DEFAULT, &error))
      g_error ("%s", error->message);
}

static void send_awaited (HbWebsocketTask *task);

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (!hb_websocket_task_send_message_finish (HB_WEBSOCKET_TASK (source), result, &error))
    g_error ("%s", error->message);

  bench_client_on_sent (&client);
  send_awaited (HB_WEBSOCKET_TASK (source));
}

static void
send_awaited (HbWebsocketTask *task)
{
  hb_websocket_task_send_message_async (task, SOUP_WEBSOCKET_DATA_BINARY, client.message,
                                        HB_SEND_FLAGS_DEFAULT, NULL, sent_cb, NULL);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);

  send_messages (task, bench_client_on_message (&client, data, size));
}

static void
open_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  guint n_messages = bench_client_on_open (&client);

  if (client.work == BENCH_AWAIT)
    send_awaited (task);
  else
    send_messages (task, n_messages);
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          gpointer         user_data)
{
  g_error ("%s", error->message);
}

static gboolean
accept_cb (SoupMessage          *request,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return TRUE;
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *request,
               gpointer         user_data)
{
  g_signal_connect (request, "accept-certificate", G_CALLBACK (accept_cb), NULL);
}

/* Sets ACKNOWLEDGED by the name of the property, because the library of an older build may lack
 * hb_websocket_task_set_delivery (). */
static void
set_delivery (HbWebsocketTask *task)
{
  if (g_getenv ("HB_BENCH_ACKNOWLEDGED") != NULL)
    g_object_set (task, "delivery", 1, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (HbWebsocketTask) task = NULL;

  bench_client_init (&client, argc, argv);
  task = hb_websocket_task_new (client.uri);

  /* The client that uses libsoup alone has no such limits. */
  hb_websocket_task_set_max_message_size (task, 0);
  hb_websocket_task_set_max_buffered_amount (task, 0);
  set_delivery (task);

  g_signal_connect (task, "message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (task, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (task, "error", G_CALLBACK (error_cb), NULL);
  g_signal_connect (task, "connecting", G_CALLBACK (connecting_cb), NULL);
  hb_websocket_task_open (task);
  g_main_loop_run (loop);

  return 0;
}
