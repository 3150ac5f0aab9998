/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The part that all client programs in C share.
 *
 *   PROGRAM URI echo|receive|send|await SIZE WINDOW SECONDS [text]
 *
 * When its connection is open, a client sends the number of messages that bench_client_on_open ()
 * returns. After each received message, it sends as many messages as bench_client_on_message ()
 * returns. When the time is up, the program prints the figures as one line of JSON and ends. The
 * clients in other languages work in the same way.
 *
 * SIZE is in bytes. SECONDS is the measured time, which begins after a warm-up. */
typedef enum {
  BENCH_ECHO,    /* WINDOW messages are always in flight */
  BENCH_RECEIVE, /* the server sends messages without a pause */
  BENCH_SEND,    /* the server sends its count after every WINDOW messages that it has received */
  BENCH_AWAIT,   /* each message is sent when the one before it counts as sent; client-hb only */
} BenchWork;

typedef struct
{
  const char *uri;
  GBytes     *message;    /* (owned) */
  gsize       size;
  guint       window;
  BenchWork   work;
  gboolean    is_text;
  gint64      warm_up;    /* microseconds */
  gint64      duration;
  gint64      started_at; /* 0 until the warm-up is over */
  gint64      opened_at;
  gint64      user_time;  /* the CPU times at started_at, in microseconds */
  gint64      system_time;
  guint64     n_received; /* received messages, or sent ones in BENCH_AWAIT */
  guint64     n_messages; /* messages in the measured time */
  guint64     n_counted;  /* the last count that the server has sent */
} BenchClient;

void  bench_client_init       (BenchClient    *self,
                               int             argc,
                               char          **argv);
guint bench_client_on_open    (BenchClient    *self);
guint bench_client_on_message (BenchClient    *self,
                               gconstpointer   data,
                               gsize           size);
void  bench_client_on_sent    (BenchClient    *self);

G_END_DECLS
