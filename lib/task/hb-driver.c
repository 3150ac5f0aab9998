/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* Connects the machine with the link, the alarm, the network and the object that owns the driver.
 *
 * The driver passes an event to the machine, and then carries out the machine's effects.
 * on_message () makes an exception, because an effect for each message would take about as long as
 * everything else that this library does with a short message. */

/* Emits a message without an effect if it is part of a delivery (HB_EVENT_DELIVERY), no section
 * (hb_driver_begin ()) is running, and no effect is pending. */
static void
on_message (HbDriver      *self,
            gint64         now,
            const HbEvent *event)
{
  if (self->depth > 0 || !self->is_delivering)
    {
      hb_machine_handle (&self->machine, now, event);
      hb_driver_wake (self);
    }
  else if (hb_machine_deliver (&self->machine, now, event))
    {
      hb_driver_begin (self);
      hb_driver_touch_alarm (self);
      hb_driver_emit_message (self, event);
      if (!hb_inbox_end_giving (&self->machine.inbox))
        hb_driver_end_emission (self);
      if (hb_driver_has_work (self))
        hb_driver_carry_out_each (self);
      hb_driver_end (self);
    }
  else
    {
      hb_driver_carry_out_all (self);
    }
}

/* Pending effects precede the message, so they are carried out before the application's function
 * for set_pong_func () is called. The message keeps the time at which it was received, because that
 * function may take a long time. */
static void
on_judged_message (HbDriver      *self,
                   const HbEvent *event)
{
  HbEvent judged = *event;
  gint64 now = self->now;

  if (hb_machine_has_effect (&self->machine) && !hb_driver_carry_out_all (self))
    return;

  judged.message.reply = hb_driver_judge (self, event);
  on_message (self, now, &judged);
}

static void
on_lost (HbDriver      *self,
         const HbEvent *event)
{
  hb_driver_take_in (self);

  if (self->trace.is_wanted)
    hb_trace_loss (&self->trace, &self->machine, event);
}

static void
on_other (HbDriver      *self,
          const HbEvent *event)
{
  if (event->kind == HB_EVENT_LOST)
    on_lost (self, event);

  hb_machine_handle (&self->machine, hb_driver_get_time (self, event), event);

  /* The HB_EFFECT_QUERY of HB_EVENT_ACTIVITY can wait for the next message of the same read, or for
   * the next iteration. The link emits HB_EVENT_ACKNOWLEDGED before HB_EVENT_LOST, or within a
   * function after which the driver carries out the effects. */
  if (event->kind == HB_EVENT_ACTIVITY || event->kind == HB_EVENT_ACKNOWLEDGED)
    hb_driver_touch_alarm (self);
  else
    hb_driver_wake (self);
}

static void
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  HbDriver *self = user_data;

  switch (event->kind)
    {
    case HB_EVENT_MESSAGE:
      if (self->has_pong_func)
        on_judged_message (self, event);
      else
        on_message (self, self->now, event);
      break;
    case HB_EVENT_DELIVERY:
      self->is_delivering = TRUE;
      break;
    case HB_EVENT_DELIVERED:
      hb_driver_end_delivery (self);
      break;
    case HB_EVENT_TURN:
    case HB_EVENT_OPENED:
    case HB_EVENT_PONG:
    case HB_EVENT_ACTIVITY:
    case HB_EVENT_PROGRESS:
    case HB_EVENT_ACKNOWLEDGED:
    case HB_EVENT_BLOCKED:
    case HB_EVENT_WRITABLE:
    case HB_EVENT_LOST:
    case HB_EVENT_NETWORK:
    case HB_EVENT_TICK:
      on_other (self, event);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
alarm_cb (gpointer user_data)
{
  HbDriver *self = user_data;
  gboolean has_ended = self->link != NULL && hb_link_has_ended (self->link);

  if (self->alarm.was_woken)
    hb_driver_on_woken (self);

  /* If an attempt or a connection has ended, the link reports the result in this iteration or the
   * next one. A tick might end the link first, with another result. */
  if (self->alarm.may_act && !has_ended)
    hb_driver_tick (self);

  hb_driver_carry_out_all (self);
}

/* Makes a CLOSED task belong to the thread-default context. The driver then holds a reference to
 * itself until hb_driver_leave_context (). Call this before an attempt is started. */
void
hb_driver_enter_context (HbDriver *self)
{
  if (!hb_driver_is_closed (self) || self->machine.disposed)
    return;

  hb_driver_leave_context (self);
  hb_trace_refresh (&self->trace, &self->machine);
  hb_driver_ref (self);
  hb_home_enter (&self->home);
  hb_alarm_enter (&self->alarm, self->home.context);
  hb_intake_set_alarm (&self->intake, &self->alarm);
}

HbDriver *
hb_driver_new (const HbDriverFuncs *funcs,
               GObject             *owner)
{
  HbDriver *self = g_atomic_rc_box_new0 (HbDriver);

  self->funcs = funcs;
  self->event_func = event_cb;
  g_weak_ref_init (&self->owner, owner);
  hb_home_init (&self->home);
  hb_alarm_init (&self->alarm, hb_driver_get_deadline, alarm_cb, self);
  hb_trace_init (&self->trace);
  hb_machine_init (&self->machine, g_random_int ());
  hb_intake_init (&self->intake, &self->machine.outbox.queue.buffered, &self->machine.settings);
  self->shown_state = HB_DRIVER_NOT_SHOWN;
  hb_driver_show_state (self);

  return self;
}

static gboolean
dispose_cb (gpointer user_data)
{
  HbDriver *self = user_data;
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  /* Disposal emits no signal, so a debug line reports that it has ended the task. The cause is
   * often a garbage collector. */
  if (!hb_driver_is_closed (self))
    hb_trace (&self->trace,
              "The task was disposed of before it was closed, so it has ended. A task is disposed "
              "of when its last reference is dropped. Keep the task in a variable as long as you "
              "need it");

  hb_driver_catch_up (self);
  hb_machine_dispose (&self->machine, hb_clock_now ());
  self->shown_state = HB_DRIVER_NOT_SHOWN;
  hb_driver_show_state (self);
  hb_driver_drop_link (self);
  hb_driver_carry_out_all (self);

  return G_SOURCE_REMOVE;
}

/* Ends the task. May be called in any state, more than once, and, by a garbage collector, in any
 * thread. In another thread than the task's, the task usually ends later: see hb_home_call (). */
void
hb_driver_dispose (HbDriver *self)
{
  hb_home_call (&self->home, dispose_cb, hb_driver_ref (self), hb_driver_release_cb);
}
