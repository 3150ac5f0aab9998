/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <hb-websocket.h>

G_BEGIN_DECLS

/* The command of --exec, which a shell runs */
typedef struct _CatExec CatExec;

CatExec      *cat_exec_new           (HbWebsocketTask  *task,
                                      const char       *command);
void          cat_exec_free          (CatExec          *self);
void          cat_exec_terminate     (void);

GInputStream *cat_exec_start         (CatExec          *self,
                                      GError          **error);
void          cat_exec_write         (CatExec          *self,
                                      gconstpointer     data,
                                      gsize             size);
gboolean      cat_exec_end           (CatExec          *self);
gboolean      cat_exec_has_succeeded (CatExec          *self);

G_END_DECLS
