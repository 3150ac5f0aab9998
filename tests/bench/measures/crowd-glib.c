/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "crowd.h"
#include "measure-link.h"

/* Carries out the commands of crowd.c with tasks, or with libsoup alone. All connections share one
 * SoupSession, or each has its own.
 *
 * measure-crowd task|libsoup-keepalive PORT shared|own */

static GMainLoop *loop;
static const char *library;
static SoupSession *session; /* (nullable) NULL if each connection has its own */
static GBytes *payload;
static MeasureLink *first;

static void
opened (MeasureLink *link)
{
  crowd_on_open ();
}

static void
message (MeasureLink *link,
         GBytes      *bytes)
{
  crowd_on_message (link == first);
}

static const MeasureFuncs link_funcs = { .opened = opened, .message = message };

static void
start (const char *address,
       int         port)
{
  g_autofree char *uri = g_strdup_printf ("ws://%s:%d/echo", address, port);
  MeasureLink *link = measure_link_new (library, uri, session, &link_funcs, NULL);

  if (first == NULL)
    first = link;
}

static void
send_on_first (void)
{
  measure_link_send (first, payload);
}

static void
quit (void)
{
  g_main_loop_quit (loop);
}

static gboolean
quit_cb (gpointer user_data)
{
  quit ();

  return G_SOURCE_REMOVE;
}

static void
run (guint seconds)
{
  if (seconds > 0)
    g_timeout_add (seconds * 1000, quit_cb, NULL);

  g_main_loop_run (loop);
}

static const CrowdFuncs funcs = { .start = start, .send = send_on_first, .run = run, .quit = quit };

int
main (int    argc,
      char **argv)
{
  if (argc < 4)
    g_error ("Usage: %s LIBRARY PORT shared|own", argv[0]);

  library = argv[1];
  loop = g_main_loop_new (NULL, FALSE);
  payload = g_bytes_new_static ("message", 7);
  if (g_str_equal (argv[3], "shared"))
    session = measure_session_new ();

  crowd_main (&funcs, atoi (argv[2]));

  /* The kernel closes the connections that are still open. */
  _Exit (0);
}
