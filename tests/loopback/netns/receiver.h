/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The log of the program `netns-receiver`, in a file that a test maps. The file outlives the
 * program, which a test may kill. */
typedef struct
{
  guint  port;        /* 0 until the program listens */
  guint  is_paused;   /* set by the test: the program reads no messages of new connections */
  guint  n_peers;     /* accepted connections, up to the one that was opened last */
  guint  n_disorders; /* messages with a number not above the previous one on their connection */
  guint  n_unread;    /* bytes in the kernel that the program had not read at the last count */
  guint  n_counts;    /* how often the unread bytes were counted */
  guint8 n_times[];   /* how often each message was received, by its number */
} ReceiverLog;

#define RECEIVER_LOG_SIZE(n_messages) (sizeof (ReceiverLog) + (n_messages))

/* The program handles two signals, which act on the connection that was opened last. SIGUSR1 counts
 * its unread bytes. SIGTERM closes it, even if bytes are unread. */

G_END_DECLS
