/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#ifdef HAVE_TIMERFD
#include <sys/timerfd.h>
#include <unistd.h>
#endif

#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-time-private.h"

/* A source that becomes ready at a time of hb_clock_now (), or at once.
 *
 * The source queries the deadline once before each poll. To set a timer for each message would cost
 * more than the message itself. */
typedef struct
{
  GSource     source;
  HbAlarmFunc func;
  gpointer    user_data;
  gint64      wanted_at;  /* the deadline, HB_NEVER if no timer is set */
  gint64      armed_at;   /* the time in the timer: the deadline or a little later */
  int         fd;         /* -1 if the system has no timerfd */
  gpointer    tag;
  gboolean    is_touched; /* the deadline may have changed since the last query */
  gboolean    is_urgent;
  gboolean    is_due;     /* the deadline has passed; for the callback */
  gboolean    was_woken;  /* hb_alarm_wake () was the reason; for the callback */
  int         is_woken;   /* (atomic) */
  int         waits_at;   /* g_main_depth () of the loop in which one iteration passes, or 0 */
} HbAlarm;

/* The greatest delay of an alarm: this fraction of the wait, and at most MAX_SLACK */
#define SLACK     64
#define MAX_SLACK (G_USEC_PER_SEC / 8)

/* A deadline that is handled too late by HB_LATE never ends a connection, so the slack must be
 * smaller. */
G_STATIC_ASSERT (MAX_SLACK < HB_LATE);

/* Delays the deadline to the next multiple of a power of two, the largest within the slack.
 * Tasks with similar deadlines then wake the main loop together, and programs wake the machine
 * together. */
static gint64
put_together (gint64 deadline)
{
  gint64 slack, grid;

  if (deadline == HB_NEVER)
    return HB_NEVER;

  slack = (deadline - hb_clock_now ()) / SLACK;
  slack = MIN (slack, MAX_SLACK);
  if (slack <= 1)
    return deadline;

  grid = (gint64) 1 << (g_bit_storage (slack) - 1);

  return (deadline + grid - 1) / grid * grid;
}

/* A time of zero would disarm the timer (timerfd_create(2)), so the earliest is 1. */
static void
arm (HbAlarm *self,
     gint64   deadline)
{
  self->wanted_at = deadline;
  self->armed_at = put_together (deadline);
  self->waits_at = 0;

#ifdef HAVE_TIMERFD
  if (self->fd >= 0)
    {
      gint64 at = deadline == HB_NEVER ? 0 : MAX (self->armed_at, 1);
      struct itimerspec timer = {
        .it_value = { at / G_USEC_PER_SEC, at % G_USEC_PER_SEC * 1000 },
      };

      timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &timer, NULL);
    }
#endif
}

/* Leaves the timer alone where the deadline has moved to a later time. The timer then fires early,
 * once, which costs less than one system call for each message. */
static void
ask (HbAlarm *self)
{
  gint64 deadline = self->func (self->user_data);

  self->is_touched = FALSE;
  self->is_urgent = deadline == HB_AT_ONCE;

  if (!self->is_urgent
      && (deadline < self->wanted_at || (deadline == HB_NEVER && self->wanted_at != HB_NEVER)))
    arm (self, deadline);
}

static gboolean
hb_alarm_prepare (GSource *source,
                  int     *timeout)
{
  HbAlarm *self = (HbAlarm *) source;
  gint64 left;

  *timeout = -1;

  if (self->is_touched)
    ask (self);

  if (self->is_urgent)
    return TRUE;

  /* The timer wakes the loop, so the clock need not be read. */
  if (self->fd >= 0 || self->armed_at == HB_NEVER)
    return FALSE;

  left = self->armed_at - hb_clock_now ();
  *timeout = CLAMP ((left + 999) / 1000, 0, G_MAXINT);

  return left <= 0;
}

static gboolean
hb_alarm_check (GSource *source)
{
  HbAlarm *self = (HbAlarm *) source;

  if (self->is_urgent)
    return TRUE;

  if (self->fd >= 0)
    return g_source_query_unix_fd (source, self->tag) != 0;

  return self->armed_at <= hb_clock_now ();
}

static gboolean
hb_alarm_dispatch (GSource     *source,
                   GSourceFunc  callback,
                   gpointer     user_data)
{
  HbAlarm *self = (HbAlarm *) source;
  gboolean was_urgent = self->is_urgent;
  gboolean has_come = self->armed_at <= hb_clock_now ();

  /* Let one iteration pass. Sources of the same priority read the socket in it, so a reply that has
   * arrived is received before the deadline for it is handled. A lower priority would wait forever
   * if another source is always ready. A nested loop in that iteration has read nothing yet, so it
   * does not count. */
  self->is_due = has_come && self->waits_at >= g_main_depth ();
  self->waits_at = has_come ? g_main_depth () : 0;
  self->is_urgent = FALSE;
  self->was_woken = g_atomic_int_get (&self->is_woken);

  if (self->was_woken)
    {
      g_source_set_ready_time (source, -1);
      g_atomic_int_set (&self->is_woken, FALSE);
    }

  /* This makes the descriptor unreadable without a read. */
  if (self->is_due)
    arm (self, HB_NEVER);
  else if (!was_urgent && !self->was_woken)
    return G_SOURCE_CONTINUE;

  return callback (user_data);
}

static void
hb_alarm_finalize (GSource *source)
{
#ifdef HAVE_TIMERFD
  HbAlarm *self = (HbAlarm *) source;

  if (self->fd >= 0)
    close (self->fd);
#endif
}

static GSourceFuncs hb_alarm_funcs = {
  .prepare = hb_alarm_prepare,
  .check = hb_alarm_check,
  .dispatch = hb_alarm_dispatch,
  .finalize = hb_alarm_finalize,
};

/* @func: called in the thread of the loop, before a poll, if the source has been touched
 *
 * Returns: (transfer full) */
GSource *
hb_alarm_new (HbAlarmFunc func,
              gpointer    user_data)
{
  GSource *source = g_source_new (&hb_alarm_funcs, sizeof (HbAlarm));
  HbAlarm *self = (HbAlarm *) source;

  self->func = func;
  self->user_data = user_data;
  self->wanted_at = HB_NEVER;
  self->armed_at = HB_NEVER;
  self->fd = -1;

#ifdef HAVE_TIMERFD
  self->fd = timerfd_create (CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->fd >= 0)
    self->tag = g_source_add_unix_fd (source, self->fd, G_IO_IN);
#endif

  g_source_set_static_name (source, "[hb] alarm");
  g_source_set_can_recurse (source, TRUE);

  return source;
}

/* Marks the deadline dirty; it is queried again before the next poll. Only the thread of the loop
 * may call this. */
void
hb_alarm_touch (GSource *source)
{
  ((HbAlarm *) source)->is_touched = TRUE;
}

/* Runs the callback in the next iteration of the loop, and wakes the loop if it is waiting. Any
 * thread may call this, but only once until the callback has seen hb_alarm_was_woken (). */
void
hb_alarm_wake (GSource *source)
{
  g_source_set_ready_time (source, 0);
  g_atomic_int_set (&((HbAlarm *) source)->is_woken, TRUE);
}

/* Returns whether hb_alarm_wake () was a reason for the call. Only the callback may call this. */
gboolean
hb_alarm_was_woken (GSource *source)
{
  return ((HbAlarm *) source)->was_woken;
}

/* Returns whether the deadline has passed. If not, HB_AT_ONCE or hb_alarm_wake () was the reason
 * for the call. Only the callback may call this. */
gboolean
hb_alarm_is_due (GSource *source)
{
  return ((HbAlarm *) source)->is_due;
}
