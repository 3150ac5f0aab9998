/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeps a WebSocket open, and sends each line of its input on it: echo URI */

#include <hb-websocket.h>

#include <locale.h>
#include <stdlib.h>

static void
open_cb (HbWebsocketTask *task)
{
  g_print ("open\n");

  /* Each link begins with this, ahead of the lines that have waited for it. */
  hb_websocket_task_send_text (task, "hello", NULL);
}

static void
text_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  g_print ("received %.*s\n", (int) size, text);
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error)
{
  g_print ("error: %s\n", error->message);
}

static void
close_cb (HbWebsocketTask *task,
          guint            code)
{
  g_print ("closed with code %u\n", code);
}

static void
reconnect_cb (HbWebsocketTask *task,
              guint            attempt,
              guint            delay)
{
  g_print ("attempt %u in %u ms\n", attempt, delay);
}

static gboolean
input_cb (GIOChannel      *lines,
          GIOCondition     condition,
          HbWebsocketTask *task)
{
  g_autofree char *line = NULL;
  gsize end;

  if (g_io_channel_read_line (lines, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL)
    {
      hb_websocket_task_close (task, 1000, NULL);
      return G_SOURCE_REMOVE;
    }

  /* Where the link is down, the line waits for the next one. */
  line[end] = '\0';
  hb_websocket_task_send_text (task, line, NULL);

  return G_SOURCE_CONTINUE;
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      lines)
{
  HbWebsocketTask *task = HB_WEBSOCKET_TASK (source);

  if (hb_websocket_task_open_finish (task, result, NULL))
    g_io_add_watch (lines, G_IO_IN | G_IO_HUP, (GIOFunc) input_cb, task);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (HbWebsocketTask) task = hb_websocket_task_new (argv[1]);
  g_autoptr (GIOChannel) lines = g_io_channel_unix_new (0);

  setlocale (LC_ALL, "");

  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (task, 2000);
  hb_websocket_task_set_pong_timeout (task, 2000);
  hb_websocket_task_set_reconnect_timeout (task, 500);

  /* These stay connected, however often the link is lost and opened again. */
  g_signal_connect (task, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (task, "message::text", G_CALLBACK (text_cb), NULL);
  g_signal_connect (task, "error", G_CALLBACK (error_cb), NULL);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), NULL);
  g_signal_connect (task, "reconnect", G_CALLBACK (reconnect_cb), NULL);

  /* Tries until the link is open. */
  hb_websocket_task_open_async (task, NULL, opened_cb, lines);
  if (hb_websocket_task_get_state (task) == HB_STATE_CLOSED)
    return EXIT_FAILURE; /* the URI is wrong, as the error has told */

  while (hb_websocket_task_get_state (task) != HB_STATE_CLOSED)
    g_main_context_iteration (NULL, TRUE);

  return EXIT_SUCCESS;
}
