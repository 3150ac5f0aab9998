/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* What one message may take at most: a server should bound that, and the client's own bound is the
 * same. */
#define ECHO_MAX_MESSAGE (16 * 1024 * 1024)

/* From the command line; what says so can be changed from the page. */
typedef struct
{
  char     *pong;        /* (owned) (nullable) */
  char    **protocols;   /* (owned) (nullable) */
  int       port;
  int       mute_after;  /* -1: never */
  int       drop_every;  /* 0: never */
  int       retry_after; /* in seconds, -1: not said; by the page too */
  guint     delay;       /* of each answer, in milliseconds; by the page */
  gboolean  refuse;      /* by the page too */
  gboolean  verbose;
} EchoSettings;
