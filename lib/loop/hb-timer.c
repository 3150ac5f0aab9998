/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#ifdef HAVE_TIMERFD
#include <sys/timerfd.h>
#include <unistd.h>
#endif

#include "hb-clock-private.h"
#include "hb-time-private.h"
#include "hb-timer-private.h"

/* A time of zero would disarm the timer (timerfd_create(2)), so the earliest time is 1. */
static void
arm (HbTimer *self,
     gint64   time)
{
  self->time = time;
  self->is_spent = FALSE;

#ifdef HAVE_TIMERFD
  if (self->fd >= 0)
    {
      gint64 at = time == HB_NEVER ? 0 : MAX (time, 1);
      struct itimerspec timer = {
        .it_value = { at / G_USEC_PER_SEC, at % G_USEC_PER_SEC * 1000 },
      };

      timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &timer, NULL);
    }
#endif
}

/* @source: polls the timer's descriptor */
void
hb_timer_init (HbTimer *self,
               GSource *source)
{
  *self = (HbTimer) { .time = HB_NEVER, .fd = -1 };

#ifdef HAVE_TIMERFD
  self->fd = timerfd_create (CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->fd >= 0)
    self->tag = g_source_add_unix_fd (source, self->fd, G_IO_IN);
#endif
}

void
hb_timer_clear (HbTimer *self)
{
#ifdef HAVE_TIMERFD
  if (self->fd >= 0)
    close (self->fd);
#endif
}

/* After hb_timer_has_passed () has found that the timer has fired, does nothing until that function
 * has returned TRUE. Otherwise a deadline that keeps moving could delay all others forever. */
void
hb_timer_set (HbTimer *self,
              gint64   time)
{
  if (self->is_spent || (self->waits_at == 0 && time != self->time))
    arm (self, time);
}

/* Does the work of hb_timer_prepare () for a timer without a descriptor. */
gboolean
hb_timer_read_clock (HbTimer *self,
                     int     *timeout)
{
  gint64 left;

  if (self->time == HB_NEVER)
    return FALSE;

  left = self->time - hb_clock_now ();
  *timeout = CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  self->has_expired = left <= 0;

  return self->has_expired;
}

/* Returns whether the timer has fired and its time has not been handled yet. Must be called only by
 * the check () and the dispatch () of the source. Does not read the clock, because the timer might
 * then seem to have fired although the sockets were polled before its time. */
gboolean
hb_timer_check (HbTimer *self,
                GSource *source)
{
  if (self->is_spent || self->time == HB_NEVER)
    return FALSE;

  return self->fd >= 0 ? g_source_query_unix_fd (source, self->tag) != 0 : self->has_expired;
}

/* Must be called by the dispatch () of the source. Returns whether the timer has fired and one
 * iteration has passed since.
 *
 * Sources of the same priority read their sockets in this iteration, so a reply that has arrived is
 * received before its deadline is handled. If a nested loop begins in this iteration, it has read
 * nothing yet, so one of its own iterations must pass. */
gboolean
hb_timer_has_passed (HbTimer *self,
                     GSource *source)
{
  if (!hb_timer_check (self, source))
    return FALSE;

  self->is_spent = self->waits_at >= g_main_depth ();
  self->waits_at = self->is_spent ? 0 : g_main_depth ();

  return self->is_spent;
}
