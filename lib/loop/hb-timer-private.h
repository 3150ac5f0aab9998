/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Wakes the main loop of a source at a given time of hb_clock_now (). */
typedef struct
{
  gint64   time;        /* HB_NEVER if the timer is not set */
  int      fd;          /* -1 if no timerfd could be created */
  gpointer tag;         /* of the descriptor, in the source */
  int      waits_at;    /* the g_main_depth () at which an iteration must pass; 0 if none must */
  gboolean has_expired; /* without a descriptor: the time had passed before the last poll */
  gboolean is_spent;    /* The time has been handled, so the timer must be set again. */
} HbTimer;

void     hb_timer_init       (HbTimer *self,
                              GSource *source);
void     hb_timer_clear      (HbTimer *self);
void     hb_timer_set        (HbTimer *self,
                              gint64   time);
gboolean hb_timer_read_clock (HbTimer *self,
                              int     *timeout);
gboolean hb_timer_check      (HbTimer *self,
                              GSource *source);
gboolean hb_timer_has_passed (HbTimer *self,
                              GSource *source);

/* Must be called by the prepare () of the source. Sets @timeout to the time for which the loop may
 * wait, in milliseconds, or to -1 for no limit. Only a timer without a descriptor needs a limit,
 * because a descriptor wakes the loop. Returns whether such a timer has fired. */
static inline gboolean
hb_timer_prepare (HbTimer *self,
                  int     *timeout)
{
  *timeout = -1;

  return self->fd < 0 && hb_timer_read_clock (self, timeout);
}

G_END_DECLS
