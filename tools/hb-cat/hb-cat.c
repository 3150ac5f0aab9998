/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A WebSocket for the shell that stays up: what arrives goes to standard output, the lines of
 * standard input go out, and standard error tells what happens to the link. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <hb-websocket.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hb-cat-options.h"

#define STATUS_FAILED 1
#define STATUS_USAGE  2

/* While this many bytes wait to go out, no more input is read: whoever writes to us has to wait. */
#define HIGH_WATER (1024 * 1024)

/* So much of a binary message is shown. */
#define MAX_HEX 32

typedef enum {
  STAGE_RUN,
  STAGE_FLUSH, /* the lines that are still here go out */
  STAGE_WAIT,  /* for answers to them */
  STAGE_CLOSE,
} Stage;

typedef struct
{
  CatOptions        options;
  GMainLoop        *loop;    /* (owned) */
  GDataInputStream *input;   /* (owned) */
  GCancellable     *reading; /* (owned): stops the reading of lines */
  gboolean          is_reading;
  gboolean          is_paused;
  gboolean          has_opened;
  gboolean          is_interrupted;
  Stage             stage;
  guint             n_pending; /* lines that have not gone out yet */
  guint             n_backlog; /* those of them that waited for the link */
  guint             close_code;
  guint             wait_id;
  int               status;
} Cat;

static void read_line (Cat *self);

static void
print_line (const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");

  fprintf (stderr, "%s.%03d  %s\n", time, g_date_time_get_microsecond (now) / 1000, text);
}

static void tell (Cat        *self,
                  const char *format,
                  ...) G_GNUC_PRINTF (2, 3);

static void
tell (Cat        *self,
      const char *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (self->options.quiet)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  print_line (text);
}

static void
leave (Cat *self,
       int  status)
{
  self->status = status;
  g_main_loop_quit (self->loop);
}

static int
fail_usage (const char *message)
{
  fprintf (stderr, "hb-cat: %s\nhb-cat --help tells how to call it\n", message);

  return STATUS_USAGE;
}

static void
close_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Cat *self = user_data;

  hb_websocket_task_close_finish (HB_WEBSOCKET_TASK (source), result, NULL);
  g_main_loop_quit (self->loop);
}

static void
close_link (Cat *self)
{
  if (self->stage == STAGE_CLOSE)
    return;

  self->stage = STAGE_CLOSE;
  g_clear_handle_id (&self->wait_id, g_source_remove);
  g_cancellable_cancel (self->reading);
  hb_websocket_task_close_async (self->options.task, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL,
                                 NULL, close_cb, self);
}

static void
wait_cb (gpointer user_data)
{
  Cat *self = user_data;

  self->wait_id = 0;
  close_link (self);
}

static void
flush_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Cat *self = user_data;

  /* Where this fails the task is closed, and on_state() has seen to the rest. */
  if (!hb_websocket_task_flush_finish (HB_WEBSOCKET_TASK (source), result, NULL))
    return;

  if (self->stage != STAGE_FLUSH)
    return;

  if (self->is_interrupted || self->options.wait == 0)
    {
      close_link (self);
      return;
    }

  self->stage = STAGE_WAIT;
  if (self->options.wait > 0)
    self->wait_id = g_timeout_add_once (self->options.wait, wait_cb, self);
}

/* No more lines come: those that are here go out, and then the link is closed. */
static void
end (Cat *self)
{
  self->stage = STAGE_FLUSH;
  g_cancellable_cancel (self->reading);
  hb_websocket_task_flush_async (self->options.task, NULL, flush_cb, self);
}

static void
end_input (Cat *self)
{
  /* A link that is not there yet is waited for: `hb-cat URI < /dev/null` opens one. */
  if (self->stage == STAGE_RUN && self->has_opened)
    end (self);
}

static void
send_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  HbWebsocketTask *task = HB_WEBSOCKET_TASK (source);
  Cat *self = user_data;
  g_autoptr (GError) error = NULL;

  self->n_pending--;

  /* A task that has closed tells how many it has not sent, once and not for each. */
  if (!hb_websocket_task_send_message_finish (task, result, &error)
      && hb_websocket_task_get_state (task) != HB_STATE_CLOSED)
    {
      fprintf (stderr, "hb-cat: this line was not sent: %s\n", error->message);
      self->status = STATUS_FAILED;
    }
}

static void
send_line (Cat   *self,
           char  *line,
           gsize  length)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (line, length);

  self->n_pending++;
  hb_websocket_task_send_message_async (self->options.task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, send_cb, self);

  /* What comes before the first attempt is over has not been waiting for anything. */
  if (hb_websocket_task_get_state (self->options.task) != HB_STATE_OPEN
      && (self->has_opened || hb_websocket_task_get_attempt (self->options.task) > 0))
    tell (self, "queued, %u waiting", self->n_pending);
}

static void
read_line_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Cat *self = user_data;
  g_autoptr (GError) error = NULL;
  gsize length;
  char *line;

  self->is_reading = FALSE;
  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result,
                                               &length, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (line != NULL)
    {
      send_line (self, line, length);
      read_line (self);
      return;
    }

  if (error != NULL)
    fprintf (stderr, "hb-cat: standard input cannot be read: %s\n", error->message);

  g_clear_object (&self->input);
  end_input (self);
}

static void
read_line (Cat *self)
{
  self->is_paused = hb_websocket_task_get_buffered_amount (self->options.task) >= HIGH_WATER;
  if (self->is_paused)
    return;

  self->is_reading = TRUE;
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, self->reading,
                                       read_line_cb, self);
}

static void
on_drain (Cat *self)
{
  if (self->n_backlog > 0)
    tell (self, "queue sent");

  self->n_backlog = 0;

  if (self->is_paused && self->stage == STAGE_RUN)
    read_line (self);
}

static void
on_open (Cat *self)
{
  gint64 downtime = hb_websocket_task_get_downtime (self->options.task);
  const char *protocol = hb_websocket_task_get_protocol (self->options.task);
  g_autoptr (GString) text = g_string_new ("open");

  if (self->has_opened)
    g_string_append_printf (text, " again after %.1f s", downtime / (double) G_TIME_SPAN_SECOND);

  if (protocol != NULL)
    g_string_append_printf (text, ", protocol %s", protocol);

  if (self->n_pending > 0)
    g_string_append_printf (text, ", %u queued", self->n_pending);

  tell (self, "%s", text->str);
  self->has_opened = TRUE;
  self->n_backlog = self->n_pending;

  if (self->input == NULL)
    end_input (self);
}

static void
print_binary (GBytes *message)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;

  g_string_append_printf (text, "binary message, %" G_GSIZE_FORMAT " bytes:", size);
  for (i = 0; i < MIN (size, MAX_HEX); i++)
    g_string_append_printf (text, " %02x", data[i]);
  if (size > MAX_HEX)
    g_string_append (text, " …");

  print_line (text->str);
}

static void
on_message (Cat                   *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);

  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    {
      print_binary (message);
      return;
    }

  if ((size == 0 || fwrite (data, size, 1, stdout) == 1)
      && putchar ('\n') != EOF && fflush (stdout) == 0)
    return;

  if (self->stage != STAGE_CLOSE)
    fprintf (stderr, "hb-cat: standard output cannot be written: %s\n", g_strerror (errno));

  self->status = STATUS_FAILED;
  close_link (self);
}

static void
on_latency (Cat *self)
{
  gint64 latency = hb_websocket_task_get_latency (self->options.task);

  if (latency >= 0)
    tell (self, "ping answered in %.1f ms", latency / 1000.0);
}

static void
on_close (Cat        *self,
          guint       code,
          const char *reason)
{
  self->close_code = code;

  if (code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    tell (self, "link lost (no close frame came)");
  else if (reason != NULL && *reason != '\0')
    tell (self, "closed with code %u, “%s”", code, reason);
  else
    tell (self, "closed with code %u", code);
}

static void
on_error (Cat    *self,
          GError *error)
{
  g_autofree char *text = NULL;

  /* What the command line says wrong is told by open_cb(), and --once is nothing to complain of. */
  if (g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI)
      || g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT)
      || (self->options.once && g_error_matches (error, HB_ERROR, HB_ERROR_REPEAT_LIMIT)))
    return;

  if (g_error_matches (error, HB_ERROR, HB_ERROR_PONG_TIMEOUT))
    text = g_strconcat ("silence: ", error->message, NULL);

  print_line (text != NULL ? text : error->message);
}

static void
on_reconnect (Cat   *self,
              guint  attempt,
              guint  delay)
{
  tell (self, "reconnect in %.1f s, attempt %u", delay / 1000.0, attempt);
}

static void
gave_up_cb (gpointer user_data)
{
  Cat *self = user_data;
  gboolean is_done = self->options.once && self->n_pending == 0
                     && self->close_code == SOUP_WEBSOCKET_CLOSE_NORMAL;

  leave (self, is_done ? self->status : STATUS_FAILED);
}

/* A task that has closed by itself says why in the signals that follow, so there is no hurry. */
static void
on_state (Cat *self)
{
  if (hb_websocket_task_get_state (self->options.task) == HB_STATE_CLOSED
      && self->stage != STAGE_CLOSE)
    g_idle_add_once (gave_up_cb, self);
}

static void
open_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Cat *self = user_data;
  g_autoptr (GError) error = NULL;

  if (hb_websocket_task_open_finish (HB_WEBSOCKET_TASK (source), result, &error))
    return;

  if (g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI)
      || g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT))
    leave (self, fail_usage (error->message));
}

static gboolean
on_interrupt_cb (gpointer user_data)
{
  Cat *self = user_data;

  if (self->is_interrupted)
    {
      leave (self, STATUS_FAILED);
      return G_SOURCE_CONTINUE;
    }

  self->is_interrupted = TRUE;

  if (self->stage == STAGE_WAIT)
    close_link (self);
  else if (self->stage == STAGE_RUN)
    end (self);

  if (self->n_pending > 0)
    tell (self, "%u still to be sent; Ctrl-C once more leaves at once", self->n_pending);

  return G_SOURCE_CONTINUE;
}

static void
connect_signals (Cat *self)
{
  HbWebsocketTask *task = self->options.task;

  g_signal_connect_swapped (task, "open", G_CALLBACK (on_open), self);
  g_signal_connect_swapped (task, "message", G_CALLBACK (on_message), self);
  g_signal_connect_swapped (task, "close", G_CALLBACK (on_close), self);
  g_signal_connect_swapped (task, "error", G_CALLBACK (on_error), self);
  g_signal_connect_swapped (task, "reconnect", G_CALLBACK (on_reconnect), self);
  g_signal_connect_swapped (task, "drain", G_CALLBACK (on_drain), self);
  g_signal_connect_swapped (task, "notify::latency", G_CALLBACK (on_latency), self);
  g_signal_connect_swapped (task, "notify::state", G_CALLBACK (on_state), self);
}

static int
run (Cat *self)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  guint interrupt_id = g_unix_signal_add (SIGINT, on_interrupt_cb, self);
  guint terminate_id = g_unix_signal_add (SIGTERM, on_interrupt_cb, self);

  self->loop = g_main_loop_new (NULL, FALSE);
  self->input = g_data_input_stream_new (input);
  self->reading = g_cancellable_new ();

  connect_signals (self);
  hb_websocket_task_open_async (self->options.task, NULL, open_cb, self);
  read_line (self);
  g_main_loop_run (self->loop);

  g_signal_handlers_disconnect_by_data (self->options.task, self);
  g_cancellable_cancel (self->reading);
  while (self->is_reading)
    g_main_context_iteration (NULL, TRUE);

  g_source_remove (interrupt_id);
  g_source_remove (terminate_id);
  g_clear_object (&self->reading);
  g_clear_object (&self->input);
  g_clear_pointer (&self->loop, g_main_loop_unref);

  return self->status;
}

/* Where standard input is closed, the first socket would get its number, and be read for lines. */
static void
ensure_input (void)
{
  if (fcntl (STDIN_FILENO, F_GETFD) == -1 && open ("/dev/null", O_RDONLY) != STDIN_FILENO)
    g_error ("Standard input is closed, and /dev/null cannot be opened");
}

static void
print_version (void)
{
  printf ("hb-cat %u.%u.%u (libsoup %u.%u.%u, GLib %u.%u.%u)\n",
          hb_get_major_version (), hb_get_minor_version (), hb_get_micro_version (),
          soup_get_major_version (), soup_get_minor_version (), soup_get_micro_version (),
          glib_major_version, glib_minor_version, glib_micro_version);
}

int
main (int    argc,
      char **argv)
{
  Cat self = { 0 };
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  setlocale (LC_ALL, "");
  ensure_input ();

  if (!cat_options_parse (&self.options, &argc, &argv, &error))
    status = fail_usage (error->message);
  else if (self.options.version)
    print_version ();
  else
    status = run (&self);

  cat_options_clear (&self.options);

  return status;
}
