/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What every client program does, whatever it is written with:
 *
 *   PROGRAM URI echo|receive|send|await SIZE WINDOW SECONDS [text]
 *
 * It connects, and when open sends as many messages as bench_client_on_open () says; upon each
 * message it sends as many as bench_client_on_message () says. The latter ends the program when the
 * time is over, with one line of JSON. */
typedef enum {
  BENCH_ECHO,    /* WINDOW messages are on their way at any time */
  BENCH_RECEIVE,
  BENCH_SEND,    /* the server sends its count of messages each time it has received WINDOW */
  BENCH_AWAIT,   /* each message is sent when the one before counts as sent */
} BenchWork;

typedef struct
{
  const char *uri;
  GBytes     *message;    /* (owned) the one to be sent */
  gsize       size;
  guint       window;
  BenchWork   work;
  gboolean    is_text;
  gint64      warm_up;    /* microseconds */
  gint64      duration;
  gint64      started_at; /* 0 until the warm-up is over */
  gint64      opened_at;
  gint64      user_time;
  gint64      system_time;
  guint64     n_received;
  guint64     n_messages; /* within the time measured */
  guint64     n_counted;  /* by the server, in all */
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
