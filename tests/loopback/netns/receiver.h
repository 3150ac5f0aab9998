/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the program `receiver` has received, in a file that a test maps. The file outlives the
 * program, which a test may kill. */
typedef struct
{
  guint  port;        /* 0 until the program listens */
  guint  is_paused;   /* set by the test: new connections are not read */
  guint  n_peers;     /* connections that have been opened */
  guint  n_disorders; /* messages that have come after a later one of the same connection */
  guint  n_unread;    /* bytes in the kernel that the program has not read */
  guint  n_counts;    /* how often the bytes were counted */
  guint8 n_times[];   /* how often each message has come, by its number */
} ReceiverLog;

#define RECEIVER_LOG_SIZE(n_messages) (sizeof (ReceiverLog) + (n_messages))

/* Two signals are for the connection that was opened last: SIGUSR1 counts its unread bytes, and
 * SIGTERM closes it, read or not. */

G_END_DECLS
