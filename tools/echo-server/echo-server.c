/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A WebSocket server for testing clients. The server sends every message back, and can simulate
 * faults. */

#include "lines.h"
#include "server.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define STATUS_FAILED 1
#define STATUS_USAGE  2

#define SUMMARY \
  "Accepts WebSockets on 127.0.0.1, on any path except /control, and sends every message back."

#define DESCRIPTION                                                                              \
  "A heartbeat is the text message “heartbeat”. --mute-after and --drop-every count it too.\n"   \
  "\n"                                                                                           \
  "The page at http://127.0.0.1:PORT/ shows the connections, and can break them.\n"              \
  "\n"                                                                                           \
  "Exit status:\n"                                                                               \
  "  0  ended by Ctrl-C, by SIGTERM or, with --control=-, by the end of its input\n"             \
  "  1  the port or the control socket was not available\n"                                      \
  "  2  the command line was wrong\n"                                                            \
  "\n"                                                                                           \
  "Examples:\n"                                                                                  \
  "  echo-server --port=8080 --verbose\n"                                                        \
  "  echo-server --port=8080 --mute-after=5     stops answering after 5 messages\n"              \
  "  echo-server --port=8080 --drop-every=10    drops each connection after 10 messages\n"       \
  "  echo-server --port=8080 --refuse --retry-after=3\n"                                         \
  "  echo '{\"command\": \"drop\"}' | nc -UN PATH           drops all clients of --control=PATH\n"

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);

  return G_SOURCE_CONTINUE;
}

/* With --control=-, standard output must contain nothing but JSON. */
static gboolean
start_control (EchoServer  *self,
               GMainLoop   *loop,
               guint16      port,
               EchoLines  **lines)
{
  g_autofree char *uri = g_strdup_printf ("ws://127.0.0.1:%u/", port);
  const char *control = self->settings.control;
  g_autoptr (GError) error = NULL;

  if (control != NULL)
    {
      *lines = echo_lines_new (self->control, control, uri, loop, &error);
      if (*lines == NULL)
        {
          fprintf (stderr, "echo-server: cannot listen on the control socket %s: %s\n", control,
                   error->message);
          return FALSE;
        }
    }

  if (control == NULL || !g_str_equal (control, "-"))
    {
      printf ("Listening on %s\n", uri);
      fflush (stdout);
    }

  return TRUE;
}

static int
run (EchoServer *self)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  EchoLines *lines = NULL;
  guint16 port = self->settings.port;
  guint interrupt_id;
  guint terminate_id;

  if (!echo_server_listen (self, &port, &error))
    {
      fprintf (stderr, "echo-server: port %u is not available: %s\n", port, error->message);
      return STATUS_FAILED;
    }

  if (!start_control (self, loop, port, &lines))
    return STATUS_FAILED;

  interrupt_id = g_unix_signal_add (SIGINT, quit_cb, loop);
  terminate_id = g_unix_signal_add (SIGTERM, quit_cb, loop);
  g_main_loop_run (loop);
  g_source_remove (interrupt_id);
  g_source_remove (terminate_id);
  g_clear_pointer (&lines, echo_lines_free);

  return EXIT_SUCCESS;
}

/* GLib truncates a path that is too long. With an empty path, the kernel chooses an address. */
static gboolean
is_socket_path (const char *path)
{
  gsize length = strlen (path);

  return length > 0 && length < sizeof (((struct sockaddr_un *) NULL)->sun_path);
}

static gboolean
check (EchoSettings  *self,
       int            argc,
       char         **argv,
       GError       **error)
{
  const char *message = NULL;

  if (argc > 1)
    message = "Only options are accepted, and no other arguments";
  else if (self->port < 0 || self->port > G_MAXUINT16)
    message = "--port takes a number from 0 to 65535";
  else if (self->mute_after < -1)
    message = "--mute-after takes a number that is not negative, or -1 for never";
  else if (self->drop_every < 0)
    message = "--drop-every takes a positive number, or 0 for never";
  else if (self->retry_after >= 0 && !self->refuse)
    message = "--retry-after needs --refuse";
  else if (self->retry_after < -1)
    message = "--retry-after takes a number of seconds that is not negative";
  else if (self->pong != NULL && !g_utf8_validate (self->pong, -1, NULL))
    message = "--pong takes text in UTF-8";
  else if (self->control != NULL && !is_socket_path (self->control))
    message = "--control takes “-” or a path of 1 to 107 bytes";

  if (message == NULL)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

/* GLib converts arguments of the type STRING to UTF-8, which fails in the C locale for arguments
 * that are not ASCII. GLib does not convert arguments of the type FILENAME, so --pong has this
 * type. */
static gboolean
parse (EchoSettings  *self,
       int            argc,
       char         **argv,
       GError       **error)
{
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &self->port,
      "Listen on this port, or on any free port if it is 0 (0)", "PORT" },
    { "protocol", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->protocols,
      "Accept this subprotocol (may be given more than once)", "NAME" },
    { "pong", 0, 0, G_OPTION_ARG_FILENAME, &self->pong,
      "Answer a heartbeat with this text instead of sending it back", "TEXT" },
    { "mute-after", 0, 0, G_OPTION_ARG_INT, &self->mute_after,
      "After N messages of a client, keep the connection but answer nothing", "N" },
    { "drop-every", 0, 0, G_OPTION_ARG_INT, &self->drop_every,
      "When N messages have been received on a connection, drop it without a close frame", "N" },
    { "refuse", 0, 0, G_OPTION_ARG_NONE, &self->refuse,
      "Answer every handshake with 503 Service Unavailable", NULL },
    { "retry-after", 0, 0, G_OPTION_ARG_INT, &self->retry_after,
      "With --refuse, ask clients to wait before they reconnect", "SECONDS" },
    { "control", 0, 0, G_OPTION_ARG_FILENAME, &self->control,
      "Take commands in JSON on a Unix socket at PATH, or on standard input (-)", "PATH" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &self->verbose,
      "Print the events of clients, and the type and size of received messages, to standard error",
      NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);

  return g_option_context_parse (context, &argc, &argv, error) && check (self, argc, argv, error);
}

int
main (int    argc,
      char **argv)
{
  EchoServer self = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  setlocale (LC_ALL, "");
  echo_server_init (&self);

  if (parse (&self.settings, argc, argv, &error))
    {
      status = run (&self);
    }
  else
    {
      fprintf (stderr, "echo-server: %s\nTry “echo-server --help” for more information\n",
               error->message);
      status = STATUS_USAGE;
    }

  echo_server_clear (&self);

  return status;
}
