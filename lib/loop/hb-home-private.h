/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

/* The main context to which an object currently belongs, and the only thread that may use the
 * object. Any thread may use an object that belongs to no context. */
typedef struct
{
  GMutex        mutex;     /* protects the fields below, which other threads read */
  GMainContext *context;   /* (owned) (nullable) NULL while the object belongs to no context */
  gpointer      thread;    /* (nullable) (atomic) */
  int          *has_ended; /* (owned) (nullable) whether @thread has ended; (atomic) */
} HbHome;

void                hb_home_init    (HbHome         *self);
void                hb_home_clear   (HbHome         *self);
void                hb_home_enter   (HbHome         *self);
void                hb_home_leave   (HbHome         *self);
gboolean            hb_home_is_here (HbHome         *self);
GMainContextPusher *hb_home_push    (HbHome         *self);
void                hb_home_call    (HbHome         *self,
                                     GSourceFunc     func,
                                     gpointer        user_data,
                                     GDestroyNotify  destroy);

/* g_thread_self () would take ten times as long, and the thread is checked for each message that is
 * sent. */
static inline gpointer
hb_home_get_thread (void)
{
  return (gpointer) pthread_self ();
}

/* Returns FALSE if the object has no thread, unlike hb_home_is_here (). */
static inline gboolean
hb_home_is_own (HbHome *self)
{
  return g_atomic_pointer_get (&self->thread) == hb_home_get_thread ();
}

G_END_DECLS
