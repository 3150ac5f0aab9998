/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "measure-link.h"

/* Many links in one process that have nothing to say but heartbeats: how fast they open, what they
 * take, how often they wake the process, and what a message on one costs while all the others are
 * idle.
 *
 * idle task|libsoup|libsoup-keepalive PORT LINKS SECONDS shared|own */

#define CONNECTING_AT_ONCE 64
#define ADDRESSES          8   /* that the server listens on, so that there are ports enough */
#define ECHOES             200
#define SETTLING           6   /* seconds, more than the min-uptime of a task */
#define MAX_LINKS          16384 /* of which we keep a list, so that it does not grow meanwhile */

/* What the main loop has done */
typedef struct
{
  guint64 n_turns;
  guint64 n_wakeups; /* turns in which the loop had to wait */
} Turns;

/* In a second in which nothing else happens */
typedef struct
{
  double cpu_ms;
  double turns;
  double wakeups;
} Rest;

typedef struct
{
  GMainLoop   *loop;
  const char  *library;
  const char  *port;
  SoupSession *session;    /* (nullable) NULL where each link has its own */
  GPtrArray   *links;      /* (element-type MeasureLink) */
  GBytes      *payload;
  guint        n_wanted;
  guint        n_started;
  guint        n_opened;
  guint        n_echoes;
} Idle;

static Turns turns;

static void start_one (Idle *self);

static gint
count_poll (GPollFD *fds,
            guint    n_fds,
            gint     timeout)
{
  turns.n_turns++;
  turns.n_wakeups += timeout != 0;

  return g_poll (fds, n_fds, timeout);
}

static void
opened (MeasureLink *link)
{
  Idle *self = measure_link_get_data (link);

  self->n_opened++;

  if (self->n_started < self->n_wanted)
    start_one (self);
  else if (self->n_opened == self->n_wanted)
    g_main_loop_quit (self->loop);
}

/* Heartbeats come back too. */
static void
message (MeasureLink *link,
         GBytes      *bytes)
{
  Idle *self = measure_link_get_data (link);

  if (self->n_echoes == 0 || link != self->links->pdata[0])
    return;

  if (--self->n_echoes > 0)
    measure_link_send (link, self->payload);
  else
    g_main_loop_quit (self->loop);
}

static const MeasureFuncs funcs = { .opened = opened, .message = message };

static void
start_one (Idle *self)
{
  g_autofree char *uri = g_strdup_printf ("ws://127.0.0.%u:%s/echo",
                                          1 + self->n_started % ADDRESSES, self->port);

  self->n_started++;
  g_ptr_array_add (self->links,
                   measure_link_new (self->library, uri, self->session, &funcs, self));
}

static guint64
get_allocated (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static guint64
get_resident (void)
{
  g_autofree char *text = NULL;
  guint64 pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*u %" G_GUINT64_FORMAT, &pages);

  return pages * sysconf (_SC_PAGESIZE);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;

  return n;
}

static gboolean
quit_cb (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

static void
rest (Idle *self,
      guint seconds)
{
  g_timeout_add_seconds (seconds, quit_cb, self->loop);
  g_main_loop_run (self->loop);
}

static void
open_links (Idle *self,
            guint n_links)
{
  guint i;

  self->n_wanted += n_links;
  for (i = 0; i < MIN (n_links, CONNECTING_AT_ONCE); i++)
    start_one (self);
  g_main_loop_run (self->loop);
}

/* Returns the microseconds of the processor that a message takes there and back on one link. */
static double
echo (Idle *self)
{
  gint64 cpu_time = measure_get_cpu_time ();

  self->n_echoes = ECHOES;
  measure_link_send (self->links->pdata[0], self->payload);
  g_main_loop_run (self->loop);

  return (double) (measure_get_cpu_time () - cpu_time) / ECHOES;
}

static Rest
watch_heartbeats (Idle *self,
                  guint seconds)
{
  gint64 cpu_time = measure_get_cpu_time ();
  Turns before = turns;

  rest (self, seconds);

  return (Rest) {
    .cpu_ms = (double) (measure_get_cpu_time () - cpu_time) / seconds / 1000,
    .turns = (double) (turns.n_turns - before.n_turns) / seconds,
    .wakeups = (double) (turns.n_wakeups - before.n_wakeups) / seconds,
  };
}

/* What a message costs is to be told without the heartbeats of the others. */
static void
stop_heartbeat (gpointer link,
                gpointer user_data)
{
  measure_link_stop_heartbeat (link);
}

static void
run (Idle *self,
     guint n_links,
     guint seconds)
{
  guint64 allocated;
  guint64 resident;
  double echo_alone;
  double opening;
  double descriptors;
  Rest heartbeats;
  gint64 started_at;

  /* One link first, so that what every process needs once is not counted. */
  open_links (self, 1);
  echo_alone = echo (self);
  rest (self, 1);

  allocated = get_allocated ();
  resident = get_resident ();
  descriptors = count_descriptors ();
  started_at = g_get_monotonic_time ();
  open_links (self, n_links);
  opening = (double) (g_get_monotonic_time () - started_at) / G_USEC_PER_SEC;
  rest (self, SETTLING);
  allocated = get_allocated () - allocated;
  resident = get_resident () - resident;
  descriptors = count_descriptors () - descriptors;

  heartbeats = watch_heartbeats (self, seconds);
  g_ptr_array_foreach (self->links, stop_heartbeat, NULL);

  printf ("{\"links\": %u, \"connects_per_second\": %.0f, \"bytes_per_link\": %.0f, "
          "\"resident_bytes_per_link\": %.0f, \"descriptors_per_link\": %.2f, "
          "\"cpu_ms_per_second\": %.2f, \"turns_per_second\": %.1f, "
          "\"wakeups_per_second\": %.1f, \"echo_us\": %.1f, \"echo_alone_us\": %.1f}\n",
          n_links, n_links / opening, (double) allocated / n_links, (double) resident / n_links,
          descriptors / n_links, heartbeats.cpu_ms, heartbeats.turns, heartbeats.wakeups,
          echo (self), echo_alone);
  fflush (stdout);
  _Exit (0);
}

int
main (int    argc,
      char **argv)
{
  Idle self = { .loop = g_main_loop_new (NULL, FALSE) };

  if (argc < 6)
    g_error ("Usage: %s LIBRARY PORT LINKS SECONDS shared|own", argv[0]);

  self.library = argv[1];
  self.port = argv[2];
  self.links = g_ptr_array_sized_new (MAX_LINKS);
  self.payload = g_bytes_new_static ("message", 7);
  if (g_str_equal (argv[5], "shared"))
    self.session = measure_session_new ();

  g_main_context_set_poll_func (NULL, count_poll);
  run (&self, MAX (1, g_ascii_strtoull (argv[3], NULL, 10)),
       MAX (1, g_ascii_strtoull (argv[4], NULL, 10)));

  return 0;
}
