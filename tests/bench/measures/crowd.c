/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "crowd.h"

/* Holds many connections in one process, which carries out commands from its standard input:
 *
 *   open N    opens N more connections, and waits until they are open
 *   echo N    sends N messages on the first connection, each after the answer to the one before
 *   rest N    sends nothing except heartbeats for N seconds
 *   back      waits until all connections have been opened again
 *
 * After each command, the process prints its CPU time in microseconds and the number of its
 * wake-ups, both since its start. bench_crowd.py sends the commands. */

#define CONNECTING_AT_ONCE 64

/* The server listens on all these addresses. With only one, the process could run out of local
 * ports. */
static const char * const addresses[] = {
  "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4",
  "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.8",
};

static const CrowdFuncs *funcs;
static int port;
static guint n_wanted;
static guint n_started;
static guint n_opened;
static guint n_echoes;

static void
start_one (void)
{
  funcs->start (addresses[n_started++ % G_N_ELEMENTS (addresses)], port);
}

void
crowd_on_open (void)
{
  n_opened++;

  if (n_started < n_wanted)
    start_one ();
  else if (n_opened == n_wanted)
    funcs->quit ();
}

/* Ignores messages on other connections and outside the command `echo`, because the replies to
 * heartbeats may be messages. */
void
crowd_on_message (gboolean is_of_first)
{
  if (n_echoes == 0 || !is_of_first)
    return;

  if (--n_echoes > 0)
    funcs->send ();
  else
    funcs->quit ();
}

static void
open_links (guint n_links)
{
  guint i;

  n_wanted += n_links;
  for (i = 0; i < MIN (n_links, CONNECTING_AT_ONCE); i++)
    start_one ();
  funcs->run (0);
}

static void
echo (guint n)
{
  n_echoes = n;
  funcs->send ();
  funcs->run (0);
}

static void
wait_until_back (void)
{
  n_opened = 0;
  funcs->run (0);
}

static void
carry_out (const char *command,
           guint       n)
{
  if (strcmp (command, "open") == 0)
    open_links (n);
  else if (strcmp (command, "echo") == 0)
    echo (n);
  else if (strcmp (command, "rest") == 0)
    funcs->run (n);
  else if (strcmp (command, "back") == 0)
    wait_until_back ();
  else
    g_error ("The command %s is unknown", command);
}

/* Each time the loop waits, the kernel counts one voluntary context switch. */
static void
report (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  printf ("%" G_GINT64_FORMAT " %ld\n",
          (gint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC
          + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
          usage.ru_nvcsw);
  fflush (stdout);
}

int
crowd_main (const CrowdFuncs *the_funcs,
            int               the_port)
{
  char line[64];
  char command[16];

  funcs = the_funcs;
  port = the_port;

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      guint n = 0;

      if (sscanf (line, "%15s %u", command, &n) < 1)
        continue;

      carry_out (command, n);
      report ();
    }

  return 0;
}
