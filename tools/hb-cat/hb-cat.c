/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A WebSocket client for the shell. The client reconnects by itself. */

#include "config.h"

#include <fcntl.h>
#include <hb-websocket.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hb-cat-options.h"
#include "hb-cat-run.h"

/* If standard input, output or error were closed, the first socket would get its descriptor, and
 * hb-cat would read lines from the socket or print messages to it. This function therefore opens
 * /dev/null, but only for reading, so that writing to a closed standard output still fails. */
static void
ensure_standard_files (void)
{
  int fd;

  for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      if (fcntl (fd, F_GETFD) == -1 && open ("/dev/null", O_RDONLY) != fd)
        g_error ("/dev/null cannot be opened");
    }
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
  CatOptions options;
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  ensure_standard_files ();

  /* By default, GLib writes debug messages to standard output, where they would mix with received
   * messages. */
  g_log_writer_default_set_use_stderr (TRUE);

  /* When the reader of standard output or the command of --exec has ended, writing to its pipe must
   * return an error, not end the program. */
  signal (SIGPIPE, SIG_IGN);

  if (!cat_options_parse (&options, &argc, &argv, &error))
    {
      cat_print_usage (error);
      status = CAT_STATUS_USAGE;
    }
  else if (options.version)
    print_version ();
  else
    status = cat_run (&options);

  cat_options_clear (&options);

  return status;
}
