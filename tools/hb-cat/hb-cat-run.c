/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <hb-websocket.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hb-cat-greeting.h"
#include "hb-cat-i18n.h"
#include "hb-cat-reporter.h"
#include "hb-cat-run.h"

/* When this many bytes or more are waiting to be sent, no more input is read until all of them have
 * been sent. */
#define HIGH_WATER (1024 * 1024)

/* The approximate memory, in bytes, that a waiting line takes in addition to its text. If only the
 * text counted, empty lines could fill the memory. */
#define OVERHEAD 512

/* A signal that follows the first one within this time, in milliseconds, is ignored, because
 * timeout(1) sends its signal twice: to hb-cat and to the process group. */
#define SIGNAL_INTERVAL 100

/* Calls a function of the reporter, and ends the program if the function cannot print. */
#define REPORT(self, event, ...)                                         \
  G_STMT_START                                                           \
  {                                                                      \
    if ((self)->reporter->event != NULL                                  \
        && !(self)->reporter->event ((self)->options, __VA_ARGS__))      \
      fail_output (self);                                                \
  }                                                                      \
  G_STMT_END

typedef enum {
  STAGE_RUN,
  STAGE_FLUSH, /* the remaining lines are sent */
  STAGE_WAIT,  /* answers to the lines are awaited */
  STAGE_CLOSE,
} Stage;

typedef struct
{
  CatOptions        *options;  /* (not owned) */
  const CatReporter *reporter; /* (not owned) */
  GMainLoop         *loop;     /* (owned) */
  GDataInputStream  *input;    /* (owned) (nullable) */
  GCancellable      *reading;  /* (owned): cancels the reading of lines */
  gboolean           is_reading;
  gboolean           has_command_ended; /* before hb-cat stopped reading, and before a signal */
  gboolean           is_paused; /* no input is read */
  gboolean           has_opened;
  gboolean           has_been_ready;
  gboolean           is_ready; /* The last connection has become ready, and may have ended. */
  gboolean           is_interrupted; /* by a signal or by the end of the output's reader */
  gboolean           has_output_failed;
  Stage              stage;
  guint              n_pending; /* lines that have not been sent yet */
  guint              n_backlog; /* lines that were waiting when the connection was opened */
  guint              n_messages; /* delivered, except those of a login */
  guint64            n_delivered; /* all messages */
  guint64            n_earlier; /* messages that earlier connections have received */
  guint              close_code;
  guint              wait_id;
  int                status;
} Cat;

/* For the signal handler, which receives no user data */
static struct sigaction glib_action;
static guint signalled_at; /* (atomic): monotonic, in milliseconds; 0 before the first signal */

static void read_line (Cat *self);

static void
read_on (Cat *self)
{
  if (self->is_paused && self->stage == STAGE_RUN)
    read_line (self);
}

static void
leave (Cat *self,
       int  status)
{
  self->status = status;
  g_main_loop_quit (self->loop);
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
  hb_websocket_task_close_async (self->options->task, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL,
                                 NULL, close_cb, self);
}

static gboolean
is_short (Cat *self)
{
  return self->n_messages < self->options->count;
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

  /* If the call fails, the task is closing or closed, and gave_up_cb () or close_cb () ends the
   * program. */
  if (!hb_websocket_task_flush_finish (HB_WEBSOCKET_TASK (source), result, NULL))
    return;

  if (self->stage != STAGE_FLUSH)
    return;

  if (self->is_interrupted)
    {
      close_link (self);
      return;
    }

  self->stage = STAGE_WAIT;
  if (self->options->wait >= 0)
    self->wait_id = g_timeout_add_once (self->options->wait, wait_cb, self);
}

/* Stops reading lines, and sends the remaining ones. */
static void
end (Cat *self)
{
  self->stage = STAGE_FLUSH;
  g_cancellable_cancel (self->reading);
  hb_websocket_task_flush_async (self->options->task, NULL, flush_cb, self);
}

/* Sends the remaining lines, and closes the connection without waiting for answers. */
static void
interrupt (Cat *self)
{
  self->is_interrupted = TRUE;

  if (self->stage == STAGE_WAIT)
    close_link (self);
  else if (self->stage == STAGE_RUN)
    end (self);
}

/* EPIPE means that the reader of standard output has ended, which is not an error. */
static void
fail_output (Cat *self)
{
  if (errno == EPIPE)
    {
      interrupt (self);
      return;
    }

  if (!self->has_output_failed)
    fprintf (stderr, _("hb-cat: cannot write to standard output: %s\n"), g_strerror (errno));

  self->has_output_failed = TRUE;
  self->status = CAT_STATUS_FAILED;
  close_link (self);
}

static void
end_input (Cat *self)
{
  /* Before the first connection is ready, `hb-cat URI < /dev/null` must not end. become_ready ()
   * calls this function again. */
  if (self->stage == STAGE_RUN && self->has_been_ready)
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

  /* After the signal `drain`, callbacks may still be due, and on_drain () then reads nothing. */
  if (self->n_pending == 0)
    read_on (self);

  if (hb_websocket_task_send_message_finish (task, result, &error))
    return;

  /* After an error in the command line, the status stays CAT_STATUS_USAGE. */
  self->status = MAX (self->status, CAT_STATUS_FAILED);

  /* A task that closes emits one error for all unsent messages. */
  if (hb_websocket_task_get_state (task) != HB_STATE_CLOSED)
    REPORT (self, unsent, error);
}

static void
send_bytes (Cat    *self,
            GBytes *bytes)
{
  SoupWebsocketDataType type = self->options->binary ? SOUP_WEBSOCKET_DATA_BINARY
                                                    : SOUP_WEBSOCKET_DATA_TEXT;

  self->n_pending++;
  hb_websocket_task_send_message_async (self->options->task, type, bytes, HB_SEND_FLAGS_DEFAULT,
                                        NULL, send_cb, self);

  /* During the first attempt, every line waits, and no report is needed. */
  if (hb_websocket_task_get_state (self->options->task) != HB_STATE_OPEN
      && (self->has_opened || hb_websocket_task_get_attempt (self->options->task) > 0))
    REPORT (self, queued, self->n_pending);
}

static void
send_line (Cat   *self,
           char  *line,
           gsize  length)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (line, length);

  send_bytes (self, bytes);
}

/* GLib returns NULL both for an empty line and at the end of the input. GLib stops reading before
 * the newline (with --null, the NUL), which is still in the buffer, so the buffer is empty only at
 * the end of the input.
 *
 * Returns: (transfer full) (nullable): NULL at the end of the input and after an error */
static char *
take_line (GDataInputStream  *input,
           GAsyncResult      *result,
           gsize             *length,
           GError           **error)
{
  g_autoptr (GError) reading_error = NULL;
  char *line = g_data_input_stream_read_upto_finish (input, result, length, &reading_error);

  if (reading_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reading_error));
      return NULL;
    }

  if (g_buffered_input_stream_get_available (G_BUFFERED_INPUT_STREAM (input)) == 0)
    return line;

  g_input_stream_skip (G_INPUT_STREAM (input), 1, NULL, NULL);
  if (line != NULL)
    return line;

  *length = 0;
  return g_strdup ("");
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
  line = take_line (G_DATA_INPUT_STREAM (source), result, &length, &error);

  if (g_cancellable_is_cancelled (self->reading))
    {
      g_free (line);
      return;
    }

  if (line != NULL)
    {
      send_line (self, line, length);
      read_line (self);
      return;
    }

  if (error != NULL)
    {
      fprintf (stderr, _("hb-cat: cannot read standard input: %s\n"), error->message);
      self->status = CAT_STATUS_FAILED;
    }

  /* Ctrl-C on a terminal ends the command too, which is not a failure. */
  self->has_command_ended = self->options->exec != NULL
                            && g_atomic_int_get (&signalled_at) == 0;
  g_clear_object (&self->input);
  end_input (self);
}

static void
read_line (Cat *self)
{
  gsize waiting = hb_websocket_task_get_buffered_amount (self->options->task)
                  + (gsize) self->n_pending * OVERHEAD;

  self->is_paused = waiting >= HIGH_WATER;
  if (self->is_paused)
    return;

  self->is_reading = TRUE;
  g_data_input_stream_read_upto_async (self->input, self->options->null ? "" : "\n", 1,
                                       G_PRIORITY_DEFAULT, self->reading, read_line_cb, self);
}

static void
on_drain (Cat *self)
{
  REPORT (self, drain, self->n_backlog);
  self->n_backlog = 0;
  read_on (self);
}

static void
become_ready (Cat *self)
{
  self->has_been_ready = TRUE;
  self->is_ready = TRUE;

  if (self->input == NULL)
    end_input (self);
}

static void
start_command (Cat *self)
{
  g_autoptr (GError) error = NULL;
  GInputStream *output = cat_exec_start (self->options->exec, &error);

  if (output == NULL)
    {
      fprintf (stderr, _("hb-cat: cannot start the command: %s\n"), error->message);
      self->status = CAT_STATUS_FAILED;
      return;
    }

  self->input = g_data_input_stream_new (output);
  read_line (self);
}

static void
on_open (Cat *self)
{
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (self->options->task);

  self->is_ready = FALSE;
  self->n_earlier = hb_metrics_get_messages_received (metrics);

  REPORT (self, open, self->has_opened, self->n_pending);
  if (self->options->exec != NULL && !self->has_opened)
    start_command (self);

  self->has_opened = TRUE;
  self->n_backlog = self->n_pending;
  cat_greeting_send (self->options);

  if (self->options->ready_on == NULL)
    become_ready (self);
}

/* Without --ready-on, an open connection is always ready, so the report of `open` is enough. */
static void
on_ready (Cat *self)
{
  if (self->options->ready_on == NULL || !hb_websocket_task_get_ready (self->options->task))
    return;

  REPORT (self, ready, self->n_pending);
  become_ready (self);
}

/* Handles a message of a connection that is not ready. --count ignores the message. */
static void
on_login (Cat                   *self,
          SoupWebsocketDataType  type,
          GBytes                *message)
{
  REPORT (self, message, type, message);

  if (cat_greeting_answers (self->options, message))
    hb_websocket_task_mark_ready (self->options->task);
}

/* While the command of --exec is slow, messages wait, and may be delivered when their connection
 * has ended, or the next one is open. */
static void
on_message (Cat                   *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  self->n_delivered++;

  if (self->n_delivered > self->n_earlier && !self->is_ready)
    {
      on_login (self, type, message);
      return;
    }

  self->n_messages++;
  REPORT (self, message, type, message);

  /* After close_link (), the task delivers no more messages. */
  if (self->options->count > 0 && !is_short (self))
    close_link (self);
}

static void
on_latency (Cat *self)
{
  gint64 latency = hb_websocket_task_get_latency (self->options->task);

  if (latency >= 0)
    REPORT (self, latency, latency);
}

static void
on_close (Cat        *self,
          guint       code,
          const char *reason)
{
  self->close_code = code;
  REPORT (self, close, code, reason);
}

static void
on_error (Cat    *self,
          GError *error)
{
  /* open_cb () prints the errors in the command line. With --once, the error about the limit of
   * attempts is not reported, because the user has not set this limit. */
  if (g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI)
      || g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT)
      || (self->options->once && g_error_matches (error, HB_ERROR, HB_ERROR_REPEAT_LIMIT)))
    return;

  REPORT (self, error, error);
}

static void
on_reconnect (Cat   *self,
              guint  attempt,
              guint  delay)
{
  REPORT (self, reconnect, attempt, delay);
}

static void
give_up (Cat *self)
{
  gboolean is_done = self->options->once && self->has_been_ready
                     && self->close_code == SOUP_WEBSOCKET_CLOSE_NORMAL;

  leave (self, is_done ? self->status : CAT_STATUS_FAILED);
}

/* The call fails when no more messages wait. */
static void
receive_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Cat *self = user_data;
  HbWebsocketTask *task = HB_WEBSOCKET_TASK (source);
  g_autoptr (HbMessage) message = hb_websocket_task_receive_finish (task, result, NULL);

  if (self->stage == STAGE_CLOSE)
    return;

  if (message == NULL)
    {
      give_up (self);
      return;
    }

  on_message (self, hb_message_get_message_type (message), hb_message_get_bytes (message));
  if (self->stage != STAGE_CLOSE)
    hb_websocket_task_receive_async (task, NULL, receive_cb, self);
}

/* While the command of --exec is slow, the task is paused, and messages may wait. */
static void
gave_up_cb (gpointer user_data)
{
  Cat *self = user_data;

  if (self->stage == STAGE_CLOSE)
    return;

  if (hb_websocket_task_get_paused (self->options->task))
    hb_websocket_task_receive_async (self->options->task, NULL, receive_cb, self);
  else
    give_up (self);
}

/* A task that closes by itself may emit “error” and “close” after this signal, so the program ends
 * only in an idle callback. */
static void
on_state (Cat *self)
{
  HbState state = hb_websocket_task_get_state (self->options->task);

  REPORT (self, state, state);

  if (state != HB_STATE_CLOSED || self->stage == STAGE_CLOSE)
    return;

  g_cancellable_cancel (self->reading);
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
    {
      cat_print_usage (error);
      leave (self, CAT_STATUS_USAGE);
    }
}

/* Without this callback, the program would notice the loss of its reader only when it printed
 * again. */
static gboolean
on_output_lost_cb (int          fd,
                   GIOCondition condition,
                   gpointer     user_data)
{
  interrupt (user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_interrupt_cb (gpointer user_data)
{
  Cat *self = user_data;

  interrupt (self);
  REPORT (self, interrupted, self->n_pending);

  return G_SOURCE_CONTINUE;
}

/* GLib's handler only wakes the main loop, which may be blocked in a write, so this handler itself
 * ends the program on the second signal. Another thread may receive that signal while the first one
 * is handled, so the handler uses atomic operations. A time that is odd is never 0. */
static void
handle_signal (int number)
{
  guint now = (guint) (g_get_monotonic_time () / 1000) | 1;

  if (g_atomic_int_compare_and_exchange (&signalled_at, 0, now))
    {
      glib_action.sa_handler (number);
    }
  else if ((int) (now - g_atomic_int_get (&signalled_at)) >= SIGNAL_INTERVAL)
    {
      cat_exec_terminate ();
      _exit (CAT_STATUS_FAILED);
    }
}

/* Replaces GLib's signal handler with handle_signal (), which passes only the first signal to
 * GLib's handler. */
static guint
add_signal (Cat *self,
            int  number)
{
  struct sigaction action = { .sa_handler = handle_signal, .sa_flags = SA_RESTART };
  guint id = g_unix_signal_add (number, on_interrupt_cb, self);

  sigemptyset (&action.sa_mask);

  /* A signal may arrive as soon as the handler is set, so the handler's variable is set first. */
  sigaction (number, NULL, &glib_action);
  sigaction (number, &action, NULL);

  return id;
}

static void
connect_signals (Cat *self)
{
  HbWebsocketTask *task = self->options->task;

  g_signal_connect_swapped (task, "open", G_CALLBACK (on_open), self);
  g_signal_connect_swapped (task, "message", G_CALLBACK (on_message), self);
  g_signal_connect_swapped (task, "close", G_CALLBACK (on_close), self);
  g_signal_connect_swapped (task, "error", G_CALLBACK (on_error), self);
  g_signal_connect_swapped (task, "reconnect", G_CALLBACK (on_reconnect), self);
  g_signal_connect_swapped (task, "drain", G_CALLBACK (on_drain), self);
  g_signal_connect_swapped (task, "notify::latency", G_CALLBACK (on_latency), self);
  g_signal_connect_swapped (task, "notify::ready", G_CALLBACK (on_ready), self);
  g_signal_connect_swapped (task, "notify::state", G_CALLBACK (on_state), self);
}

static void
start_input (Cat *self)
{
  g_autoptr (GInputStream) input = NULL;
  guint i;

  for (i = 0; i < self->options->messages->len; i++)
    send_bytes (self, g_ptr_array_index (self->options->messages, i));

  if (self->options->messages->len > 0 || self->options->exec != NULL)
    return;

  input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  self->input = g_data_input_stream_new (input);
  read_line (self);
}

/* Closes the input of the command after all data has been written, and waits until the command has
 * ended. */
static void
end_command (Cat *self)
{
  CatExec *exec = self->options->exec;

  g_clear_object (&self->input);
  while (!cat_exec_end (exec))
    g_main_context_iteration (NULL, TRUE);

  /* If hb-cat stops reading first, the command may fail because its output is no longer read, so
   * such a failure does not count. */
  if (self->has_command_ended && !cat_exec_has_succeeded (exec))
    self->status = CAT_STATUS_FAILED;
}

int
cat_run (CatOptions *options)
{
  Cat cat = { .options = options };
  Cat *self = &cat;
  guint interrupt_id = add_signal (self, SIGINT);
  guint terminate_id = add_signal (self, SIGTERM);
  GSource *output = g_unix_fd_source_new (STDOUT_FILENO, G_IO_ERR | G_IO_HUP);

  self->reporter = self->options->json ? &cat_reporter_json : &cat_reporter_text;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->reading = g_cancellable_new ();

  g_source_set_callback (output, G_SOURCE_FUNC (on_output_lost_cb), self, NULL);
  if (options->exec == NULL)
    g_source_attach (output, NULL);

  connect_signals (self);
  hb_websocket_task_open_async (self->options->task, NULL, open_cb, self);
  start_input (self);
  g_main_loop_run (self->loop);

  g_signal_handlers_disconnect_by_data (self->options->task, self);
  g_cancellable_cancel (self->reading);
  while (self->is_reading)
    g_main_context_iteration (NULL, TRUE);

  if (options->exec != NULL)
    end_command (self);

  g_source_remove (interrupt_id);
  g_source_remove (terminate_id);
  g_source_destroy (output);
  g_source_unref (output);
  g_clear_object (&self->reading);
  g_clear_object (&self->input);
  g_clear_pointer (&self->loop, g_main_loop_unref);

  return self->status == EXIT_SUCCESS && is_short (self) ? CAT_STATUS_FAILED : self->status;
}

void
cat_print_usage (const GError *error)
{
  fprintf (stderr, "hb-cat: %s\n%s\n", error->message,
           _("Try “hb-cat --help” for more information"));
}
