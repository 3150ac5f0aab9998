/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <hb-websocket.h>

/* An application that sends “hello”, and succeeds if the echo is the same text */

static gboolean received;

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  (void) type;
  (void) user_data;

  received = g_strcmp0 (g_bytes_get_data (message, NULL), "hello") == 0;
  hb_websocket_task_close (task, 1000, NULL);
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          gpointer         user_data)
{
  (void) task;
  (void) code;
  (void) reason;

  g_main_loop_quit (user_data);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (HbWebsocketTask) task = NULL;

  if (argc != 2)
    return 2;

  task = hb_websocket_task_new (argv[1]);
  g_signal_connect (task, "message::text", G_CALLBACK (message_cb), NULL);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), loop);
  hb_websocket_task_open (task);
  hb_websocket_task_send_text (task, "hello", NULL);
  g_main_loop_run (loop);

  return received ? 0 : 1;
}
