/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The maximum size of a message, in bytes. Without a limit, a client could fill the memory. The
 * library hb-websocket has the same default. */
#define ECHO_MAX_MESSAGE (16 * 1024 * 1024)

/* Command-line options set these settings, except where a comment says otherwise. */
typedef struct
{
  char     *control;     /* (owned) (nullable) */
  char     *pong;        /* (owned) (nullable) */
  char    **protocols;   /* (owned) (nullable) */
  char     *greeting;    /* (owned) (nullable), sent to each new client; set by a command */
  char     *login;       /* (owned) (nullable), the text of the login; set by a command */
  char     *welcome;     /* (owned) (nullable), the answer to the login; set by a command */
  int       port;
  int       mute_after;  /* messages from a client, -1: never */
  int       drop_every;  /* messages from a client, 0: never */
  int       retry_after; /* in seconds, -1: not sent; set by an option or a command */
  guint     delay;       /* of each answer except the welcome, in milliseconds; set by a command */
  gint64    limit;       /* of a message, in bytes, -1: ECHO_MAX_MESSAGE; set by a command */
  gboolean  refuse;      /* set by an option or a command */
  gboolean  verbose;
} EchoSettings;
