/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

#include "signal-log.h"
#include "stopped-client.h"

/* A process that a test can stop, and whose main loop a test can block.
 *
 * Usage: stopped-client URI HEARTBEAT CONNECT-TIMEOUT
 *
 * HEARTBEAT is the name of a Heartbeat, and CONNECT-TIMEOUT is in milliseconds. The program prints
 * a line for each `close`, each `error`, each change of the state, and the beginning and end of
 * each block of the main loop. A line contains the time in microseconds, and a word like those of a
 * SignalLog (for `close`, without the reason). The commands on standard input are `close`, and
 * `block` with a number of milliseconds. A message from the server may also be a `block` command.
 * The program exits at the end of the input. */

static void
print_word (const char *word)
{
  printf ("%" G_GINT64_FORMAT " %s\n", g_get_monotonic_time (), word);
  fflush (stdout);
}

static void
block (const char *milliseconds)
{
  print_word (WORD_ASLEEP);
  g_usleep (g_ascii_strtoull (milliseconds, NULL, 10) * 1000);
  print_word (WORD_AWAKE);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (message, NULL), g_bytes_get_size (message));

  if (g_str_has_prefix (text, COMMAND_BLOCK))
    block (text + strlen (COMMAND_BLOCK));
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          gpointer         user_data)
{
  g_autofree char *word = g_strdup_printf ("close:%u", code);

  print_word (word);
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          gpointer         user_data)
{
  g_autofree char *name = signal_log_name_error (error);
  g_autofree char *word = g_strconcat ("error:", name, NULL);

  print_word (word);
}

static void
notify_state_cb (HbWebsocketTask *task,
                 GParamSpec      *pspec,
                 gpointer         user_data)
{
  const char *name = signal_log_name_state (hb_websocket_task_get_state (task));
  g_autofree char *word = g_strconcat ("state:", name, NULL);

  print_word (word);
}

static HbWebsocketTask *
make_task (const char      *uri,
           const Heartbeat *heartbeat,
           guint            connect_timeout)
{
  HbWebsocketTask *task = hb_websocket_task_new (uri);

  heartbeat_apply (heartbeat, task);
  hb_websocket_task_set_ping_timeout (task, CLIENT_PING);
  hb_websocket_task_set_pong_timeout (task, CLIENT_TIMEOUT);
  hb_websocket_task_set_reconnect_timeout (task, CLIENT_TIMEOUT);
  hb_websocket_task_set_connect_timeout (task, connect_timeout);
  hb_websocket_task_set_close_timeout (task, CLIENT_TIMEOUT);
  g_signal_connect (task, "message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), NULL);
  g_signal_connect (task, "error", G_CALLBACK (error_cb), NULL);
  g_signal_connect (task, "notify::state", G_CALLBACK (notify_state_cb), NULL);

  return task;
}

typedef struct
{
  HbWebsocketTask *task;
  GMainLoop       *loop;
} Client;

static void
line_cb (GObject      *stream,
         GAsyncResult *result,
         gpointer      user_data)
{
  Client *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (stream),
                                                                result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }

  if (strcmp (line, COMMAND_CLOSE) == 0)
    hb_websocket_task_close (self->task, 1000, NULL);
  else if (g_str_has_prefix (line, COMMAND_BLOCK))
    block (line + strlen (COMMAND_BLOCK));

  g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (stream), G_PRIORITY_DEFAULT, NULL,
                                       line_cb, self);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (input);
  g_autoptr (HbWebsocketTask) task = NULL;
  Client client = { .loop = loop };

#ifdef __linux__
  /* A stopped process would outlive a test that fails, so the kernel ends it with the test. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
#endif

  g_assert_cmpint (argc, ==, 4);
  task = client.task = make_task (argv[1], heartbeat_find (argv[2]),
                                  g_ascii_strtoull (argv[3], NULL, 10));
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, line_cb, &client);
  hb_websocket_task_open (task);
  g_main_loop_run (loop);

  return 0;
}
