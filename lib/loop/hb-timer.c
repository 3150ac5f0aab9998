/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#ifdef HAVE_TIMERFD
#include <sys/timerfd.h>
#include <unistd.h>
#endif

#include "hb-clock-private.h"
#include "hb-time-private.h"
#include "hb-timer-private.h"

/* A time of zero would disarm the timer (timerfd_create(2)), so the earliest is 1. */
static void
arm (HbTimer *self,
     gint64   time)
{
  self->time = time;
  self->waits_at = 0;
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

/* After the timer has fired, it stays as it is until one iteration has passed. Deadlines that keep
 * moving could put off all others otherwise. */
void
hb_timer_set (HbTimer *self,
              gint64   time)
{
  if (self->is_spent || (self->waits_at == 0 && time != self->time))
    arm (self, time);
}

/* For a timer without a descriptor. Returns whether it has fired, or else for how long the loop may
 * wait, in milliseconds. */
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

/* For the check () of the source. Without a descriptor the time that was read before the poll
 * counts, because the sockets may have been polled before a time that was read after it. */
gboolean
hb_timer_check (HbTimer *self,
                GSource *source)
{
  if (self->is_spent || self->time == HB_NEVER)
    return FALSE;

  return self->fd >= 0 ? g_source_query_unix_fd (source, self->tag) != 0 : self->has_expired;
}

/* For the dispatch () of the source. Returns whether the timer has fired, and each socket that was
 * readable then has been read. The next timer can then be set.
 *
 * One iteration passes in between. Sources of the same priority read the sockets in it, so a reply
 * that has arrived is received before the deadline for it is handled. A lower priority would wait
 * forever if another source is always ready. A nested loop in that iteration has read nothing yet,
 * so it does not count. */
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
