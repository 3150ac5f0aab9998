/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench-client.h"

/* The minimum time before the measurement begins, as a fraction of the measured time */
#define WARM_UP 0.2

/* Except in BENCH_SEND, a client reads the clock once for this number of short messages. Reading it
 * for each message would slow down the fastest client most. */
#define CLOCK_EVERY 8

/* The number of windows in flight in BENCH_SEND. With one window, a client would wait for the
 * server's count after each window. */
#define WINDOWS_SENT 4

static BenchWork
parse_work (const char *name)
{
  if (g_str_equal (name, "echo"))
    return BENCH_ECHO;
  if (g_str_equal (name, "receive"))
    return BENCH_RECEIVE;
  if (g_str_equal (name, "send"))
    return BENCH_SEND;
  if (g_str_equal (name, "await"))
    return BENCH_AWAIT;

  g_error ("%s is not one of echo, receive, send and await", name);
}

void
bench_client_init (BenchClient  *self,
                   int           argc,
                   char        **argv)
{
  double seconds;

  if (argc < 6)
    g_error ("Usage: %s URI echo|receive|send|await SIZE WINDOW SECONDS [text]", argv[0]);

  *self = (BenchClient) {
    .uri = argv[1],
    .work = parse_work (argv[2]),
    .size = g_ascii_strtoull (argv[3], NULL, 10),
    .window = MAX (1, g_ascii_strtoull (argv[4], NULL, 10)),
    .is_text = argc > 6 && g_str_equal (argv[6], "text"),
  };
  seconds = g_ascii_strtod (argv[5], NULL);
  self->duration = seconds * G_USEC_PER_SEC;
  self->warm_up = self->duration * WARM_UP;
  self->message = g_bytes_new_take (g_strnfill (self->size, 'x'), self->size);
}

guint
bench_client_on_open (BenchClient *self)
{
  self->opened_at = g_get_monotonic_time ();

  switch (self->work)
    {
    case BENCH_ECHO:
      return self->window;
    case BENCH_RECEIVE:
      return 0;
    case BENCH_SEND:
      return WINDOWS_SENT * self->window;
    case BENCH_AWAIT:
      return 1;
    default:
      g_assert_not_reached ();
    }
}

static gint64
get_time (const struct timeval *time)
{
  return time->tv_sec * G_USEC_PER_SEC + time->tv_usec;
}

static void
start (BenchClient *self,
       gint64       now)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  self->user_time = get_time (&usage.ru_utime);
  self->system_time = get_time (&usage.ru_stime);
  self->started_at = now;
  self->n_messages = 0;
}

static void G_GNUC_NORETURN
finish (BenchClient *self,
        gint64       now)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  printf ("{\"messages\": %" G_GUINT64_FORMAT ", \"bytes\": %" G_GUINT64_FORMAT ", "
          "\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"rss_kib\": %ld}\n",
          self->n_messages, self->n_messages * self->size,
          (double) (now - self->started_at) / G_USEC_PER_SEC,
          (double) (get_time (&usage.ru_utime) - self->user_time) / G_USEC_PER_SEC,
          (double) (get_time (&usage.ru_stime) - self->system_time) / G_USEC_PER_SEC,
          usage.ru_maxrss);
  fflush (stdout);
  _exit (0);
}

static void
look_at_clock (BenchClient *self)
{
  gint64 now = g_get_monotonic_time ();

  /* A window of long messages may take longer than the warm-up, so the measurement begins after the
   * first window. In BENCH_SEND, each count comes after a whole window. */
  if (self->started_at == 0 && now - self->opened_at >= self->warm_up
      && (self->work == BENCH_SEND || self->n_received >= self->window))
    start (self, now);
  else if (self->started_at != 0 && now - self->started_at >= self->duration)
    finish (self, now);
}

/* Returns how many messages the server has counted since its last count. */
static guint
read_count (BenchClient   *self,
            gconstpointer  data,
            gsize          size)
{
  g_autofree char *text = g_strndup (data, size);
  guint64 n_counted = g_ascii_strtoull (text, NULL, 10);
  guint n_new = n_counted - self->n_counted;

  if (n_new != self->window)
    g_error ("The server has counted %u messages, not %u", n_new, self->window);
  self->n_counted = n_counted;

  return n_new;
}

guint
bench_client_on_message (BenchClient   *self,
                         gconstpointer  data,
                         gsize          size)
{
  guint n_told = self->work == BENCH_SEND ? read_count (self, data, size) : 1;

  if (self->work != BENCH_SEND && size != self->size)
    g_error ("A message has %zu bytes instead of %zu", size, self->size);

  self->n_received++;
  self->n_messages += n_told;

  if (self->n_received % CLOCK_EVERY == 0 || self->work == BENCH_SEND || self->size > G_MAXUINT16)
    look_at_clock (self);

  return self->work == BENCH_RECEIVE ? 0 : n_told;
}

/* Counts a message of BENCH_AWAIT that has been sent. */
void
bench_client_on_sent (BenchClient *self)
{
  self->n_received++;
  self->n_messages++;

  if (self->n_received % CLOCK_EVERY == 0)
    look_at_clock (self);
}
