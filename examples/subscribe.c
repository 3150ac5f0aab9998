/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Subscribes on each connection, prints each text message, and ends on Ctrl+C.
 *
 * Usage: subscribe URI */

#include <glib-unix.h>
#include <hb-websocket.h>
#include <locale.h>

static void
open_cb (HbWebsocketTask *task)
{
  hb_websocket_task_send_text (task, "subscribe", NULL);
}

static void
text_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message)
{
  g_print ("%s\n", (const char *) g_bytes_get_data (message, NULL));
}

static gboolean
interrupt_cb (gpointer task)
{
  hb_websocket_task_close (task, 1000, NULL);

  return G_SOURCE_REMOVE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (HbWebsocketTask) task = hb_websocket_task_new (argv[1]);

  setlocale (LC_ALL, "");
  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  g_signal_connect (task, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (task, "message::text", G_CALLBACK (text_cb), NULL);
  g_unix_signal_add (SIGINT, interrupt_cb, task);
  hb_websocket_task_open (task);
  while (hb_websocket_task_get_state (task) != HB_STATE_CLOSED)
    g_main_context_iteration (NULL, TRUE);

  return hb_websocket_task_get_last_error (task) != NULL;
}
