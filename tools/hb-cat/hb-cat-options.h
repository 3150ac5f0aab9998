/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <hb-websocket.h>

G_BEGIN_DECLS

/* What the command line says. All that has a property is set on the task at once. */
typedef struct
{
  HbWebsocketTask  *task;      /* (owned) */
  char            **headers;   /* (owned) (nullable) */
  char            **protocols; /* (owned) (nullable) */
  int               wait;      /* milliseconds, -1: no end */
  gboolean          once;
  gboolean          quiet;
  gboolean          version;
  gboolean          has_limit;
} CatOptions;

gboolean cat_options_parse (CatOptions   *self,
                            int          *argc,
                            char       ***argv,
                            GError      **error);
void     cat_options_clear (CatOptions   *self);

G_END_DECLS
