/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* A handler of our own, which is blocked at times */
typedef struct
{
  GObject *instance;   /* (not owned) */
  gulong   id;
  guint    signal_id;
  gboolean is_exposed; /* The application may have the instance, and connect other handlers. */
} HbHandler;

void     hb_handler_set_blocked (HbHandler *self,
                                 gboolean   is_blocked);
gboolean hb_handler_has_others  (HbHandler *self);

G_END_DECLS
