/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeps a WebSocket open, and sends each line of standard input.
 *
 * At the end of the input, waits at most 5 seconds for the last answers. On Ctrl+C, closes the
 * connection without waiting.
 *
 * Usage: echo URI */

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <hb-websocket.h>

#include <locale.h>
#include <stdlib.h>

/* In milliseconds */
#define ANSWER_TIMEOUT 5000

static guint n_unanswered;
static gboolean input_has_ended;

static void
send_text (HbWebsocketTask *task,
           const char      *text)
{
  g_autoptr (GError) error = NULL;

  /* While the task reconnects, it queues the text for the next connection. */
  if (hb_websocket_task_send_text (task, text, &error))
    n_unanswered++;
  else
    g_printerr ("%s\n", error->message);
}

static void
close_when_answered (HbWebsocketTask *task)
{
  if (input_has_ended && n_unanswered == 0)
    hb_websocket_task_close (task, 1000, NULL);
}

static void
open_cb (HbWebsocketTask *task)
{
  g_print ("open\n");

  /* The server receives this message first on each connection, before the queued lines. */
  send_text (task, "hello");
}

static void
text_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  g_print ("received %.*s\n", (int) size, text);

  if (n_unanswered > 0)
    n_unanswered--;
  close_when_answered (task);
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

  /* Answers that have not arrived are lost. The program stops waiting for answers, unless messages
   * are queued for the next connection. */
  if (hb_websocket_task_get_buffered_amount (task) == 0)
    n_unanswered = 0;
  close_when_answered (task);
}

static void
reconnect_cb (HbWebsocketTask *task,
              guint            attempt,
              guint            delay)
{
  g_print ("attempt %u in %u ms\n", attempt, delay);
}

/* Called on the first Ctrl+C, or when the answers take too long. A second Ctrl+C ends the
 * program. */
static gboolean
close_now_cb (gpointer task)
{
  hb_websocket_task_close (task, 1000, NULL);

  return G_SOURCE_REMOVE;
}

static void
line_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      task)
{
  GDataInputStream *lines = G_DATA_INPUT_STREAM (source);
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;

  line = g_data_input_stream_read_line_finish_utf8 (lines, result, NULL, &error);
  if (line == NULL)
    {
      if (error != NULL)
        g_printerr ("%s\n", error->message);
      input_has_ended = TRUE;
      g_timeout_add (ANSWER_TIMEOUT, close_now_cb, task);
      close_when_answered (task);
      return;
    }

  send_text (task, line);
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, line_cb, task);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      lines)
{
  HbWebsocketTask *task = HB_WEBSOCKET_TASK (source);

  if (hb_websocket_task_open_finish (task, result, NULL))
    g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, line_cb, task);
}

static HbWebsocketTask *
make_task (const char *uri)
{
  HbWebsocketTask *task = hb_websocket_task_new (uri);

  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (task, 2000);
  hb_websocket_task_set_pong_timeout (task, 2000);
  hb_websocket_task_set_reconnect_timeout (task, 500);

  /* The handlers stay connected when the task reconnects. */
  g_signal_connect (task, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (task, "message::text", G_CALLBACK (text_cb), NULL);
  g_signal_connect (task, "error", G_CALLBACK (error_cb), NULL);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), NULL);
  g_signal_connect (task, "reconnect", G_CALLBACK (reconnect_cb), NULL);

  return task;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (HbWebsocketTask) task = NULL;
  g_autoptr (GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (input);

  setlocale (LC_ALL, "");

  if (argc != 2)
    {
      g_printerr ("The URI is missing. Usage: %s ws://HOST:PORT/\n", argv[0]);
      return EXIT_FAILURE;
    }

  g_print ("Type lines to send them. Ctrl+D or Ctrl+C closes the connection.\n");
  task = make_task (argv[1]);
  g_unix_signal_add (SIGINT, close_now_cb, task);

  /* Repeats failed attempts until a connection is open. */
  hb_websocket_task_open_async (task, NULL, opened_cb, lines);
  if (hb_websocket_task_get_state (task) == HB_STATE_CLOSED)
    return EXIT_FAILURE; /* The URI is invalid, as the `error` signal has reported. */

  while (hb_websocket_task_get_state (task) != HB_STATE_CLOSED)
    g_main_context_iteration (NULL, TRUE);

  return EXIT_SUCCESS;
}
