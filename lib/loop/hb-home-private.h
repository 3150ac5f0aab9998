/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The main context to which an object belongs for a time, and the thread that runs it */
typedef struct
{
  GMutex        mutex;   /* for other threads that read the two fields */
  GMainContext *context; /* (owned) (nullable) NULL while the object belongs to none */
  gpointer      thread;  /* (nullable) (atomic) */
} HbHome;

void                hb_home_init    (HbHome         *self);
void                hb_home_clear   (HbHome         *self);
void                hb_home_enter   (HbHome         *self);
void                hb_home_leave   (HbHome         *self);
gboolean            hb_home_is_here (HbHome         *self);
gboolean            hb_home_is_own  (HbHome         *self);
GMainContextPusher *hb_home_push    (HbHome         *self);
void                hb_home_call    (HbHome         *self,
                                     GSourceFunc     func,
                                     gpointer        user_data,
                                     GDestroyNotify  destroy);

G_END_DECLS
