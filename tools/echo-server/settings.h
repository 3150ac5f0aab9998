/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The maximum size of a message, so that a client cannot fill the memory. It is the default of the
 * library too. */
#define ECHO_MAX_MESSAGE (16 * 1024 * 1024)

/* The settings of the command line. The page can change some of them. */
typedef struct
{
  char     *pong;        /* (owned) (nullable) */
  char    **protocols;   /* (owned) (nullable) */
  int       port;
  int       mute_after;  /* -1: never */
  int       drop_every;  /* 0: never */
  int       retry_after; /* in seconds, -1: not sent; by the page too */
  guint     delay;       /* of each answer, in milliseconds; by the page */
  gboolean  refuse;      /* by the page too */
  gboolean  verbose;
} EchoSettings;
