/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-queue-private.h"
#include "hb-clock-private.h"
#include "hb-context-private.h"
#include "hb-schedule-private.h"
#include "hb-time-private.h"
#include "hb-timer-private.h"

/* The time, in microseconds, after which one dispatch calls no further watch. The same limit
 * applies separately to alarms. Other ready sources of the same or a higher priority are then
 * dispatched before the rest. */
#define MAX_BUSY 4000

/* The maximum time, in microseconds, by which the deadline of an alarm may have moved to a later
 * time since the heaps sorted the alarm */
#define MAX_STALENESS (2 * G_TIME_SPAN_SECOND)

/* The deadline of an alarm that is in no heap. HB_NEVER is later by MAX_STALENESS, so it does not
 * move such an alarm. HB_AT_ONCE follows HB_NEVER when integers wrap around, so it moves the
 * alarm. */
#define NOWHERE (HB_NEVER - MAX_STALENESS)

/* The source of the alarms and the watches of one main context: see also hb_schedule_acquire (). A
 * source for each connection would make each iteration of the loop slower.
 *
 * Each socket that was readable when a deadline passed is read before the deadline is handled.
 *
 * Sorting an alarm and setting the timer for each message would take longer than all other work of
 * this library on a short message. If an alarm was touched, the source queries its deadline once,
 * before the next poll. If the deadline has moved to a later time by no more than MAX_STALENESS,
 * the alarm keeps its place in the heaps. The timer may then wake the loop once although the alarm
 * is not due.
 *
 * In a shared schedule, only the thread that owns the context uses the fields from `poller` to
 * `read_until`. */
struct _HbSchedule
{
  GSource       source;
  GMainContext *context;    /* (not owned) */
  guint         n_users;    /* alarms and watches; protected by schedules_mutex */
  gboolean      is_shared;  /* listed in `schedules` */
  HbPoller      poller;     /* of the watches */
  HbTimer       timer;
  HbHeap        latest;     /* alarms by the time at which they must be called */
  HbHeap        earliest;   /* the same alarms by the time at which they may be called */
  gboolean      is_changed; /* The timer must be set again. */
  HbAlarm      *touched;    /* (nullable) the first alarm to query */
  gint64        read_until; /* Each socket that was readable at this time has been read. */
  HbAlarmQueue  queue;      /* the alarms to call, which any thread may add */
};

/* An alarm may be late by the time for which it waits, divided by SLACK, but by at most
 * MAX_SLACK. */
#define SLACK     64
#define MAX_SLACK (G_USEC_PER_SEC / 8)

/* If a timeout of an attempt or of the heartbeat is handled more than HB_LATE after its deadline,
 * it does not end the link. With a longer slack, such a timeout might never take effect. */
G_STATIC_ASSERT (MAX_SLACK < HB_LATE);

/* Delays the deadline to the next multiple of the largest power of two within the slack. Similar
 * deadlines then share one wake-up of the loop, and those of several programs one wake-up of the
 * computer. */
static gint64
put_together (gint64 deadline)
{
  gint64 slack, grid;

  slack = (deadline - hb_clock_now ()) / SLACK;
  slack = MIN (slack, MAX_SLACK);
  if (slack <= 1)
    return deadline;

  grid = (gint64) 1 << (g_bit_storage (slack) - 1);

  return (deadline + grid - 1) / grid * grid;
}

/* (element-type GMainContext HbSchedule) (not owned) the shared schedules */
static GHashTable *schedules;
static GMutex schedules_mutex;

static void
unschedule (HbSchedule *self,
            HbAlarm    *alarm)
{
  hb_heap_remove (&self->latest, &alarm->latest);
  hb_heap_remove (&self->earliest, &alarm->earliest);
  alarm->deadline = NOWHERE;
  self->is_changed = TRUE;
}

static gint64
query (HbAlarm *alarm,
       gint64  *earliest)
{
  gint64 deadline;

  *earliest = HB_NEVER;
  deadline = alarm->func (alarm->user_data, earliest);
  *earliest = MIN (*earliest, deadline);

  return deadline;
}

static void
schedule (HbSchedule *self,
          HbAlarm    *alarm)
{
  gint64 earliest;

  alarm->deadline = query (alarm, &earliest);
  hb_heap_set (&self->latest, &alarm->latest, put_together (alarm->deadline));
  hb_heap_set (&self->earliest, &alarm->earliest, earliest);
  self->is_changed = TRUE;
}

/* Not inlined, so that the usual case, in which no alarm moves, stays fast. */
static G_GNUC_NO_INLINE void
move (HbSchedule *self,
      HbAlarm    *alarm,
      gint64      deadline)
{
  if (deadline == HB_AT_ONCE)
    hb_alarm_queue_push (&self->queue, alarm, FALSE);
  else if (deadline == HB_NEVER)
    unschedule (self, alarm);
  else
    schedule (self, alarm);
}

static void
query_touched (HbSchedule *self)
{
  while (self->touched != NULL)
    {
      HbAlarm *alarm = self->touched;
      gint64 deadline = alarm->func (alarm->user_data, NULL);
      guint64 staleness = (guint64) deadline - (guint64) alarm->deadline;

      self->touched = alarm->next;
      alarm->is_touched = FALSE;

      /* For an earlier deadline and for HB_AT_ONCE, the unsigned difference also exceeds
       * MAX_STALENESS, because integers wrap around. */
      if (G_UNLIKELY (staleness > MAX_STALENESS))
        move (self, alarm, deadline);
    }
}

static G_GNUC_NO_INLINE void
set_timer (HbSchedule *self)
{
  HbHeapNode *first = hb_heap_peek (&self->latest);

  hb_timer_set (&self->timer, first != NULL ? first->key : HB_NEVER);
  self->is_changed = FALSE;
}

static gboolean
hb_schedule_prepare (GSource *source,
                     int     *timeout)
{
  HbSchedule *self = (HbSchedule *) source;
  gboolean is_waiting = hb_poller_prepare (&self->poller);
  gboolean has_expired;

  query_touched (self);
  if (self->is_changed)
    set_timer (self);

  has_expired = hb_timer_prepare (&self->timer, timeout);

  return is_waiting || has_expired || hb_alarm_queue_get_length (&self->queue) > 0;
}

static gboolean
hb_schedule_check (GSource *source)
{
  HbSchedule *self = (HbSchedule *) source;

  return hb_poller_check (&self->poller)
         || hb_alarm_queue_get_length (&self->queue) > 0
         || hb_timer_check (&self->timer, source);
}

/* Queues each alarm whose earliest time has passed, even before its deadline, so that the loop need
 * not wake up again for it. */
static void
collect (HbSchedule *self)
{
  HbHeapNode *first;

  self->read_until = MAX (self->read_until, self->timer.time);
  self->is_changed = TRUE;

  while ((first = hb_heap_peek (&self->earliest)) != NULL && first->key <= self->read_until)
    {
      HbAlarm *alarm = first->data;

      unschedule (self, alarm);
      alarm->has_come = TRUE;
      hb_alarm_queue_push (&self->queue, alarm, FALSE);
    }
}

/* Stores the reasons for the call so that the callback can read them. Watches and other alarms may
 * have changed the deadline since the alarm was queued.
 *
 * Returns: whether the callback must be called */
static gboolean
judge (HbSchedule *self,
       HbAlarm    *alarm)
{
  gint64 earliest;
  gint64 deadline = query (alarm, &earliest);
  gboolean is_urgent = deadline == HB_AT_ONCE;
  gboolean has_come = alarm->has_come && !is_urgent;

  alarm->was_woken = hb_alarm_queue_remove (&self->queue, alarm);
  alarm->has_come = FALSE;
  alarm->may_act = has_come && earliest <= self->read_until;
  alarm->is_due = has_come && deadline <= self->read_until;
  hb_alarm_touch (alarm);

  return is_urgent || alarm->may_act || alarm->was_woken;
}

/* Returns whether the timer has fired and each socket that was readable at that time has been read,
 * including those that other sources poll. When the timer fires, sets the mark behind the watches
 * that must be called first. */
static gboolean
has_time_passed (HbSchedule *self)
{
  gboolean was_waiting = self->timer.waits_at != 0;

  if (self->poller.is_marked)
    return FALSE;

  if (hb_timer_has_passed (&self->timer, &self->source))
    return TRUE;

  if (!was_waiting && self->timer.waits_at != 0)
    hb_poller_set_mark (&self->poller);

  return FALSE;
}

/* The function of a watch may remove any watch, and may run a main loop, which calls other watches,
 * so the next watch is not looked up before the function has returned. */
static void
call_watches (HbSchedule *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = NULL;
  gint64 until = G_MAXINT64;
  guint n = self->poller.queue.length;

  if (n == 0)
    return;

  pusher = hb_context_push (self->context);
  if (n > 1)
    until = g_get_monotonic_time () + MAX_BUSY;

  while (n-- > 0)
    {
      HbWatch *watch = hb_poller_pop (&self->poller);
      GIOCondition ready;

      if (watch == NULL)
        continue;

      ready = watch->ready & watch->wanted;
      watch->ready = 0;
      watch->func (ready, watch->user_data);

      if (n > 0 && g_get_monotonic_time () >= until)
        break;
    }
}

/* A callback may remove any alarm, and may run a main loop, as in call_watches (). */
static void
call_alarms (HbSchedule *self)
{
  gint64 until = G_MAXINT64;
  int n = hb_alarm_queue_get_length (&self->queue);
  HbAlarm *alarm;

  if (n > 1)
    until = g_get_monotonic_time () + MAX_BUSY;

  while (n-- > 0 && (alarm = hb_alarm_queue_peek (&self->queue)) != NULL)
    {
      if (judge (self, alarm))
        alarm->callback (alarm->user_data);

      if (n > 0 && g_get_monotonic_time () >= until)
        break;
    }
}

static gboolean
hb_schedule_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  HbSchedule *self = (HbSchedule *) source;

  hb_poller_collect (&self->poller, hb_timer_check (&self->timer, source));
  if (has_time_passed (self))
    collect (self);

  call_watches (self);
  call_alarms (self);

  return G_SOURCE_CONTINUE;
}

static void
hb_schedule_finalize (GSource *source)
{
  HbSchedule *self = (HbSchedule *) source;

  hb_poller_clear (&self->poller);
  hb_timer_clear (&self->timer);
  hb_heap_clear (&self->latest);
  hb_heap_clear (&self->earliest);
  hb_alarm_queue_clear (&self->queue);
}

static GSourceFuncs hb_schedule_funcs = {
  .prepare = hb_schedule_prepare,
  .check = hb_schedule_check,
  .dispatch = hb_schedule_dispatch,
  .finalize = hb_schedule_finalize,
};

static HbSchedule *
new_schedule (GMainContext *context)
{
  GSource *source = g_source_new (&hb_schedule_funcs, sizeof (HbSchedule));
  HbSchedule *self = (HbSchedule *) source;

  self->context = context;
  self->read_until = G_MININT64;
  hb_poller_init (&self->poller, source);
  hb_timer_init (&self->timer, source);
  hb_heap_init (&self->latest);
  hb_heap_init (&self->earliest);
  hb_alarm_queue_init (&self->queue);
  g_source_set_static_name (source, "[hb] schedule");
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, context);

  return self;
}

/* Must be called with schedules_mutex locked. */
static HbSchedule *
get_schedule (GMainContext *context)
{
  HbSchedule *self;

  if (schedules == NULL)
    schedules = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (schedules, context);
  if (self == NULL)
    {
      self = new_schedule (context);
      self->is_shared = TRUE;
      g_hash_table_insert (schedules, context, self);
    }

  return self;
}

/* Only the thread that owns a context may use its shared schedule. If a thread without a context of
 * its own opens a task while another thread runs the global default context, both threads use this
 * task. The alarms and watches of the opening thread then get schedules of their own.
 *
 * Returns: the schedule for an alarm or a watch, until hb_schedule_release () */
HbSchedule *
hb_schedule_acquire (GMainContext *context)
{
  gboolean is_owner = g_main_context_acquire (context);
  HbSchedule *self;

  g_mutex_lock (&schedules_mutex);
  self = is_owner ? get_schedule (context) : new_schedule (context);
  self->n_users++;
  g_mutex_unlock (&schedules_mutex);

  if (is_owner)
    g_main_context_release (context);

  return self;
}

/* The last user frees the schedule, so that nothing is left in a context that is never iterated
 * again. */
void
hb_schedule_release (HbSchedule *self)
{
  gboolean is_last;

  g_mutex_lock (&schedules_mutex);
  is_last = --self->n_users == 0;
  if (is_last && self->is_shared)
    g_hash_table_remove (schedules, self->context);
  g_mutex_unlock (&schedules_mutex);

  if (!is_last)
    return;

  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

HbPoller *
hb_schedule_get_poller (HbSchedule *self)
{
  return &self->poller;
}

void
hb_schedule_add (HbSchedule *self,
                 HbAlarm    *alarm)
{
  alarm->deadline = NOWHERE;
  alarm->touched = &self->touched;
  alarm->is_touched = FALSE;
  hb_alarm_touch (alarm);
}

/* Always wakes the loop, because the calling thread cannot know whether the loop is polling. */
void
hb_schedule_wake (HbSchedule *self,
                  HbAlarm    *alarm)
{
  hb_alarm_queue_push (&self->queue, alarm, TRUE);
  g_main_context_wakeup (self->context);
}

void
hb_schedule_remove (HbSchedule *self,
                    HbAlarm    *alarm)
{
  /* query_touched () empties the list, so the alarm is no longer in it. */
  if (alarm->is_touched)
    query_touched (self);

  unschedule (self, alarm);
  hb_alarm_queue_remove (&self->queue, alarm);
  alarm->has_come = FALSE;
  alarm->is_touched = TRUE;
}
