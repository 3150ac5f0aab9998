/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <hb-websocket.h>

#include <gio/gunixinputstream.h>
#include <stdlib.h>

/* A client for the tests of the page: client URI PING-TIMEOUT PONG-TIMEOUT. It prints a line for
 * each signal, sends each line of its input, and ends with that. */

#define RECONNECT_TIMEOUT 100

typedef struct
{
  HbWebsocketTask  *task;
  GDataInputStream *input;
  GMainLoop        *loop;
} Client;

static void
on_open (Client *self)
{
  g_print ("open\n");
}

static void
on_message (Client                *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  g_print ("message %.*s\n", (int) size, text);
}

static void
on_close (Client     *self,
          guint       code,
          const char *reason)
{
  g_print ("close %u\n", code);
}

static void
on_error (Client *self,
          GError *error)
{
  if (g_error_matches (error, HB_ERROR, HB_ERROR_PONG_TIMEOUT))
    g_print ("error pong-timeout\n");
  else
    g_print ("error, status %u: %s\n", hb_websocket_task_get_http_status (self->task),
             error->message);
}

static void
on_reconnect (Client *self,
              guint   attempt,
              guint   delay)
{
  g_print ("reconnect in %u\n", delay);
}

static void
line_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Client *self = user_data;
  g_autofree char *line = NULL;

  line = g_data_input_stream_read_line_finish (self->input, result, NULL, NULL);
  if (line == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }

  hb_websocket_task_send_text (self->task, line, NULL);
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, line_cb, self);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (HbWebsocketTask) task = hb_websocket_task_new (argv[1]);
  g_autoptr (GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (input);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Client self = { .task = task, .input = lines, .loop = loop };

  g_return_val_if_fail (argc == 4, EXIT_FAILURE);

  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (task, atoi (argv[2]));
  hb_websocket_task_set_pong_timeout (task, atoi (argv[3]));
  hb_websocket_task_set_reconnect_timeout (task, RECONNECT_TIMEOUT);

  g_signal_connect_swapped (task, "open", G_CALLBACK (on_open), &self);
  g_signal_connect_swapped (task, "message", G_CALLBACK (on_message), &self);
  g_signal_connect_swapped (task, "close", G_CALLBACK (on_close), &self);
  g_signal_connect_swapped (task, "error", G_CALLBACK (on_error), &self);
  g_signal_connect_swapped (task, "reconnect", G_CALLBACK (on_reconnect), &self);

  hb_websocket_task_open (task);
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, line_cb, &self);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
