/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <hb-websocket.h>

#include "hb-cat-exec.h"

G_BEGIN_DECLS

/* Most options that correspond to a property of the task have no member here, because their values
 * are set on the task at once. */
typedef struct
{
  HbWebsocketTask  *task;         /* (owned) */
  SoupSession      *session;      /* (owned) */
  GTlsCertificate  *certificate;  /* (owned) (nullable) */
  char            **headers;      /* (owned) (nullable) */
  char            **protocols;    /* (owned) (nullable) */
  char             *user;         /* (owned) (nullable): NAME:PASSWORD */
  char             *greeting;     /* (owned) (nullable): as given, TEXT or @FILE */
  GBytes           *greeting_bytes; /* (owned) (nullable) */
  char            **sent;         /* (owned) (nullable): as given, TEXT or @FILE */
  GPtrArray        *messages;     /* (owned) (element-type GBytes): the messages of --send */
  char             *command;      /* (owned) (nullable): the command of --exec */
  CatExec          *exec;         /* (owned) (nullable) */
  char             *ready_on;     /* (owned) (nullable) */
  char             *ca_file;      /* (owned) (nullable) */
  char             *cert_file;    /* (owned) (nullable) */
  char             *key_file;     /* (owned) (nullable) */
  guint             count;        /* close after this number of messages, 0: never */
  int               wait;         /* milliseconds, -1: forever */
  gboolean          binary;
  gboolean          null;
  gboolean          json;
  gboolean          insecure;
  gboolean          once;
  gboolean          quiet;
  gboolean          version;
  gboolean          has_limit;    /* --repeat-limit is given */
  gboolean          has_mode;     /* --ping-mode is given */
  gboolean          has_text;     /* an option has set the text of a ping or of its reply */
  gboolean          has_wait;     /* --wait is given */
} CatOptions;

gboolean cat_options_parse (CatOptions   *self,
                            int          *argc,
                            char       ***argv,
                            GError      **error);
void     cat_options_clear (CatOptions   *self);

G_END_DECLS
