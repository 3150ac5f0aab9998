/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/wait.h>

#include "hb-cat-exec.h"

/* While more bytes than this are waiting to be written to the command, the task emits no
 * messages. */
#define HIGH_WATER (1024 * 1024)

/* The command may wait for its output to be read before it reads its input. A blocking write could
 * then wait forever, so all writes are asynchronous. */
struct _CatExec
{
  HbWebsocketTask *task;    /* (not owned) */
  char            *command; /* (owned) */
  GSubprocess     *process; /* (owned) (nullable): NULL before the start */
  GByteArray      *pending; /* (owned): to be written next */
  GBytes          *written; /* (owned) (nullable): being written */
  gboolean         is_deaf; /* a write has failed, usually because the command closed its input */
  gboolean         has_ended;
  gboolean         has_succeeded;
};

/* The process ID of the command from its start until wait_cb () runs, otherwise 0 */
static volatile sig_atomic_t running_pid;

static void write_next (CatExec *self);

CatExec *
cat_exec_new (HbWebsocketTask *task,
              const char      *command)
{
  CatExec *self = g_new0 (CatExec, 1);

  self->task = task;
  self->command = g_strdup (command);
  self->pending = g_byte_array_new ();

  return self;
}

void
cat_exec_free (CatExec *self)
{
  g_assert (self->process == NULL || self->has_ended);

  g_clear_object (&self->process);
  g_byte_array_unref (self->pending);
  g_free (self->command);
  g_free (self);
}

/* A signal handler may call this function. */
void
cat_exec_terminate (void)
{
  /* GLib's thread may already have reaped the command, and another process may have its process ID.
   * waitpid () returns 0 only for a child that is still running. */
  if (running_pid > 0 && waitpid (running_pid, NULL, WNOHANG) == 0)
    kill (running_pid, SIGTERM);
}

static void
write_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  CatExec *self = user_data;

  g_clear_pointer (&self->written, g_bytes_unref);
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      self->is_deaf = TRUE;
      g_byte_array_set_size (self->pending, 0);
    }

  write_next (self);
}

static void
write_next (CatExec *self)
{
  hb_websocket_task_set_paused (self->task, self->pending->len > HIGH_WATER);

  if (self->process == NULL || self->written != NULL || self->pending->len == 0)
    return;

  self->written = g_byte_array_free_to_bytes (self->pending);
  self->pending = g_byte_array_new ();
  g_output_stream_write_all_async (g_subprocess_get_stdin_pipe (self->process),
                                   g_bytes_get_data (self->written, NULL),
                                   g_bytes_get_size (self->written),
                                   G_PRIORITY_DEFAULT, NULL, write_cb, self);
}

static void
wait_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CatExec *self = user_data;

  running_pid = 0;
  self->has_ended = TRUE;
  self->has_succeeded = g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL)
                        && g_subprocess_get_successful (self->process);
}

/* Returns: (transfer none) (nullable): the output of the command, or NULL after an error */
GInputStream *
cat_exec_start (CatExec  *self,
                GError  **error)
{
  const char *arguments[] = { "/bin/sh", "-c", self->command, NULL };
  GOutputStream *input;
  const char *pid;

  self->process = g_subprocess_newv (arguments, G_SUBPROCESS_FLAGS_STDIN_PIPE
                                                | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  if (self->process == NULL)
    return NULL;

  pid = g_subprocess_get_identifier (self->process);
  if (pid != NULL)
    running_pid = g_ascii_strtoll (pid, NULL, 10);
  g_subprocess_wait_async (self->process, NULL, wait_cb, self);

  /* GLib writes as soon as the pipe has some room. With a blocking descriptor, data that does not
   * fit into that room would block the program. */
  input = g_subprocess_get_stdin_pipe (self->process);
  g_unix_set_fd_nonblocking (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (input)), TRUE,
                             NULL);
  write_next (self);

  return g_subprocess_get_stdout_pipe (self->process);
}

void
cat_exec_write (CatExec       *self,
                gconstpointer  data,
                gsize          size)
{
  if (self->is_deaf)
    return;

  g_byte_array_append (self->pending, data, size);
  write_next (self);
}

/* Closes the input of the command once all data has been written. Until this function returns TRUE,
 * call it again after each iteration of the main context. Before the first call, release the stream
 * over the output of the command, so that the output is closed.
 *
 * Returns: whether the command has ended or has never been started */
gboolean
cat_exec_end (CatExec *self)
{
  if (self->process == NULL)
    return TRUE;

  if (self->written != NULL)
    return FALSE;

  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);

  return self->has_ended;
}

gboolean
cat_exec_has_succeeded (CatExec *self)
{
  return self->has_succeeded;
}
