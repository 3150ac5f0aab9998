/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The maximum size of a message, so that a client cannot fill the memory. It is the default of the
 * library too. */
#define ECHO_MAX_MESSAGE (16 * 1024 * 1024)

/* The settings of the command line. Commands can change some of them. */
typedef struct
{
  char     *control;     /* (owned) (nullable) */
  char     *pong;        /* (owned) (nullable) */
  char    **protocols;   /* (owned) (nullable) */
  char     *greeting;    /* (owned) (nullable), of each new client; by a command */
  char     *login;       /* (owned) (nullable), the first message; by a command */
  char     *welcome;     /* (owned) (nullable), the answer to the login; by a command */
  int       port;
  int       mute_after;  /* -1: never */
  int       drop_every;  /* 0: never */
  int       retry_after; /* in seconds, -1: not sent; by a command too */
  guint     delay;       /* of each answer, in milliseconds; by a command */
  gint64    limit;       /* bytes of a message, -1: none; by a command */
  gboolean  refuse;      /* by a command too */
  gboolean  verbose;
} EchoSettings;
