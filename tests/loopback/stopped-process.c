/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "stopped-client.h"
#include "stopped-process.h"

typedef struct
{
  char   *word;
  gint64  time; /* on the monotonic clock, which all processes share */
} Entry;

struct _StoppedProcess
{
  GSubprocess      *process;
  GDataInputStream *output;
  GArray           *entries;
  gint64            awake_at;    /* 0 until the process has resumed */
  guint             n_before;    /* the number of entries before the process resumed */
  gboolean          has_exited;
};

static void
clear_entry (gpointer data)
{
  Entry *self = data;

  g_free (self->word);
}

static Entry *
get_entry (StoppedProcess *self,
           guint           index)
{
  return &g_array_index (self->entries, Entry, index);
}

static void
wake_up (StoppedProcess *self,
         gint64          time)
{
  self->awake_at = time;
  self->n_before = self->entries->len;
}

static void read_line (StoppedProcess *self);

static void
line_cb (GObject      *stream,
         GAsyncResult *result,
         gpointer      user_data)
{
  StoppedProcess *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (stream),
                                                                result, NULL, NULL);
  Entry entry;
  char *word;

  if (line == NULL)
    {
      self->has_exited = TRUE;
      return;
    }

  entry.time = g_ascii_strtoll (line, &word, 10);
  entry.word = g_strdup (word + 1);
  g_array_append_val (self->entries, entry);

  if (strcmp (entry.word, WORD_AWAKE) == 0)
    wake_up (self, entry.time);

  read_line (self);
}

static void
read_line (StoppedProcess *self)
{
  g_data_input_stream_read_line_async (self->output, G_PRIORITY_DEFAULT, NULL, line_cb, self);
}

StoppedProcess *
stopped_process_new (const char      *folder,
                     const char      *uri,
                     const Heartbeat *heartbeat,
                     guint            connect_timeout)
{
  StoppedProcess *self = g_new0 (StoppedProcess, 1);
  g_autofree char *program = g_build_filename (folder, "stopped-client", NULL);
  g_autofree char *timeout = g_strdup_printf ("%u", connect_timeout);
  g_autoptr (GError) error = NULL;

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                    &error, program, uri, heartbeat->name, timeout, NULL);
  g_assert_no_error (error);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->entries, clear_entry);
  read_line (self);

  return self;
}

/* Fails unless the process has exited with status 0. */
void
stopped_process_free (StoppedProcess *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (self->has_exited);
  g_subprocess_wait_check (self->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->output);
  g_object_unref (self->process);
  g_array_unref (self->entries);
  g_free (self);
}

void
stopped_process_command (StoppedProcess *self,
                         const char     *line)
{
  GOutputStream *input = g_subprocess_get_stdin_pipe (self->process);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (input, text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

void
stopped_process_quit (StoppedProcess *self)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
}

gboolean
stopped_process_has_exited (StoppedProcess *self)
{
  return self->has_exited;
}

/* Stops the process with SIGSTOP, and waits until it has stopped. */
void
stopped_process_stop (StoppedProcess *self)
{
  siginfo_t info;
  pid_t pid = atoi (g_subprocess_get_identifier (self->process));

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_cmpint (waitid (P_PID, pid, &info, WSTOPPED), ==, 0);
}

void
stopped_process_continue (StoppedProcess *self)
{
  wake_up (self, g_get_monotonic_time ());
  g_subprocess_send_signal (self->process, SIGCONT);
}

gboolean
stopped_process_is_awake (StoppedProcess *self)
{
  return self->awake_at > 0;
}

gint64
stopped_process_get_awake_at (StoppedProcess *self)
{
  return self->awake_at;
}

gboolean
stopped_process_has_said (StoppedProcess *self,
                          const char     *word)
{
  guint i;

  for (i = 0; i < self->entries->len; i++)
    if (strcmp (get_entry (self, i)->word, word) == 0)
      return TRUE;

  return FALSE;
}

/* Counts the words since the process resumed. */
guint
stopped_process_count (StoppedProcess *self)
{
  return self->entries->len - self->n_before;
}

/* Returns the time of the first word since the process resumed, or 0 before that word. */
gint64
stopped_process_get_time (StoppedProcess *self)
{
  return stopped_process_count (self) > 0 ? get_entry (self, self->n_before)->time : 0;
}

/* Returns at most the first @n_words words since the process resumed, separated by spaces. */
char *
stopped_process_join (StoppedProcess *self,
                      guint           n_words)
{
  GString *joined = g_string_new (NULL);
  guint i;

  for (i = 0; i < MIN (n_words, stopped_process_count (self)); i++)
    g_string_append_printf (joined, "%s%s", i > 0 ? " " : "",
                            get_entry (self, self->n_before + i)->word);

  return g_string_free (joined, FALSE);
}
