/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lines.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

/* Lets programs control the server with lines of JSON, over a Unix socket or standard input and
 * output.
 *
 * The server starts to read a command only while no line is waiting to be written, so a program
 * that reads no replies cannot fill the memory. */

/* The delay, in milliseconds, after a failure to accept, for example because no descriptor is
 * free */
#define ACCEPT_AGAIN 100

typedef struct
{
  EchoLines        *lines;
  EchoWatcher      *watcher; /* (owned) */
  GIOStream        *stream;  /* (owned) */
  GDataInputStream *input;   /* (owned) */
  GString          *pending; /* (owned), to be written next */
  GString          *written; /* (owned) (nullable), being written */
  gboolean          is_reading;
  gboolean          has_ended; /* no more commands are read */
} Peer;

struct _EchoLines
{
  EchoControl     *control;
  GSocketListener *listener;    /* (owned) (nullable) */
  GCancellable    *cancellable; /* (owned) */
  GMainLoop       *loop;        /* (owned) */
  GPtrArray       *peers;       /* (owned) (element-type Peer) */
  char            *path;        /* (owned) (nullable), the path of the socket */
  char            *uri;         /* (owned) */
  guint            accept_id;
  gboolean         is_accepting;
};

static void write_part (Peer *self);
static void peer_continue (Peer *self);

static void
peer_free (Peer *self)
{
  g_ptr_array_remove_fast (self->lines->peers, self);
  echo_watcher_free (self->watcher);
  g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->input);
  g_object_unref (self->stream);
  g_string_free (self->pending, TRUE);
  if (self->written != NULL)
    g_string_free (self->written, TRUE);
  g_free (self);
}

/* Frees the peer. With standard input and output, also ends the server, so that it does not outlive
 * the program that started it. */
static void
peer_end (Peer *self)
{
  EchoLines *lines = self->lines;

  peer_free (self);
  if (lines->listener == NULL)
    g_main_loop_quit (lines->loop);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Peer *self = user_data;
  gssize n_written = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, NULL);

  if (n_written >= 0)
    {
      g_string_erase (self->written, 0, n_written);
    }
  else
    {
      self->has_ended = TRUE;
      g_string_truncate (self->written, 0);
      g_string_truncate (self->pending, 0);
    }

  if (self->written->len > 0)
    {
      write_part (self);
      return;
    }

  g_string_free (self->written, TRUE);
  self->written = NULL;
  peer_continue (self);
}

/* GLib writes as soon as a pipe has room for PIPE_BUF bytes. Writing more to the pipe of standard
 * output could block the server until the program reads. */
static void
write_part (Peer *self)
{
  g_output_stream_write_async (g_io_stream_get_output_stream (self->stream),
                               self->written->str, MIN (self->written->len, PIPE_BUF),
                               G_PRIORITY_DEFAULT, self->lines->cancellable, written_cb, self);
}

static void
line_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Peer *self = user_data;
  g_autofree char *line = NULL;
  gsize length = 0;

  self->is_reading = FALSE;
  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, &length,
                                               NULL);

  if (line == NULL)
    {
      self->has_ended = TRUE;
    }
  else
    {
      g_autoptr (GBytes) command = g_bytes_new_take (g_steal_pointer (&line), length);

      echo_watcher_command (self->watcher, command);
    }

  peer_continue (self);
}

/* Starts to write the pending lines or, if nothing has to be written, to read the next command.
 * After the last command, frees the peer. */
static void
peer_continue (Peer *self)
{
  if (self->written == NULL && self->pending->len > 0)
    {
      self->written = self->pending;
      self->pending = g_string_new (NULL);
      write_part (self);
    }

  if (self->written != NULL || self->is_reading)
    return;

  if (self->has_ended)
    {
      peer_end (self);
      return;
    }

  self->is_reading = TRUE;
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, self->lines->cancellable,
                                       line_cb, self);
}

static void
send_cb (gpointer    user_data,
         const char *json)
{
  Peer *self = user_data;

  if (self->has_ended)
    return;

  g_string_append (self->pending, json);
  g_string_append_c (self->pending, '\n');

  /* While the next command is awaited, no other callback would write this line. */
  if (self->is_reading)
    peer_continue (self);
}

static void
add_peer (EchoLines *self,
          GIOStream *stream)
{
  g_autofree char *json = echo_report_listening (self->uri);
  Peer *peer = g_new0 (Peer, 1);

  peer->lines = self;
  peer->stream = g_object_ref (stream);
  peer->input = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  peer->pending = g_string_new (NULL);
  peer->watcher = echo_control_watch (self->control, send_cb, peer);
  g_ptr_array_add (self->peers, peer);

  send_cb (peer, json);
  peer_continue (peer);
}

static void accept_next (EchoLines *self);

static void
accept_again_cb (gpointer user_data)
{
  EchoLines *self = user_data;

  self->accept_id = 0;
  accept_next (self);
}

static void
accept_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  EchoLines *self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;

  self->is_accepting = FALSE;
  connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;

  if (connection == NULL)
    {
      self->accept_id = g_timeout_add_once (ACCEPT_AGAIN, accept_again_cb, self);
      return;
    }

  add_peer (self, G_IO_STREAM (connection));
  accept_next (self);
}

static void
accept_next (EchoLines *self)
{
  self->is_accepting = TRUE;
  g_socket_listener_accept_async (self->listener, self->cancellable, accept_cb, self);
}

/* Listens on a Unix socket to which only the user who runs the server can connect. */
static gboolean
listen_at (EchoLines   *self,
           const char  *path,
           GError     **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  mode_t mask = umask (S_IRWXG | S_IRWXO);
  gboolean is_listening;

  self->listener = g_socket_listener_new ();
  is_listening = g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error);
  umask (mask);

  if (!is_listening)
    return FALSE;

  self->path = g_strdup (path);
  accept_next (self);

  return TRUE;
}

static void
use_standard_files (EchoLines *self)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (input, output);

  add_peer (self, stream);
}

/* @path: the path of a Unix socket, or “-” for standard input and output
 *
 * Returns: (transfer full) (nullable): NULL after an error */
EchoLines *
echo_lines_new (EchoControl  *control,
                const char   *path,
                const char   *uri,
                GMainLoop    *loop,
                GError      **error)
{
  EchoLines *self = g_new0 (EchoLines, 1);

  self->control = control;
  self->cancellable = g_cancellable_new ();
  self->loop = g_main_loop_ref (loop);
  self->peers = g_ptr_array_new ();
  self->uri = g_strdup (uri);

  if (g_str_equal (path, "-"))
    {
      use_standard_files (self);
    }
  else if (!listen_at (self, path, error))
    {
      echo_lines_free (self);
      return NULL;
    }

  return self;
}

/* Cancels all operations, and iterates the default main context until they have ended. */
void
echo_lines_free (EchoLines *self)
{
  g_clear_handle_id (&self->accept_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  while (self->is_accepting || self->peers->len > 0)
    g_main_context_iteration (NULL, TRUE);

  if (self->path != NULL)
    g_unlink (self->path);

  g_ptr_array_unref (self->peers);
  g_clear_object (&self->listener);
  g_object_unref (self->cancellable);
  g_main_loop_unref (self->loop);
  g_free (self->path);
  g_free (self->uri);
  g_free (self);
}
