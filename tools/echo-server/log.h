/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

typedef enum
{
  ECHO_LOG_EVENT,
  ECHO_LOG_IN,
  ECHO_LOG_OUT,
} EchoLogKind;

typedef struct
{
  guint64      number; /* from 1, without a gap */
  gint64       time;   /* Unix time in milliseconds */
  char        *text;   /* (owned) */
  EchoLogKind  kind;
  guint        client; /* 0: none */
} EchoLogLine;

typedef void (*EchoLogFunc) (gpointer user_data);

typedef struct
{
  GQueue       lines; /* (element-type EchoLogLine), the oldest first */
  guint64      n_lines; /* since the start */
  EchoLogFunc  func; /* (nullable), called after each new line */
  gpointer     user_data;
} EchoLog;

char *echo_log_make_plain (const char  *text);

void  echo_log_init       (EchoLog     *self);
void  echo_log_clear      (EchoLog     *self);
void  echo_log_take       (EchoLog     *self,
                           EchoLogKind  kind,
                           guint        client,
                           char        *text);
void  echo_log_message    (EchoLog     *self,
                           EchoLogKind  kind,
                           guint        client,
                           gboolean     is_text,
                           GBytes      *message);
