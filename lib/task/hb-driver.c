/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-private.h"
#include "hb-call-private.h"
#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* Connects the machine with the link, the alarm, the network and the object that owns the driver.
 *
 * An event of any of these goes to the machine first, and carry_out_all () then carries out
 * the machine's effects. No other function uses the link or runs code of the application. */

static void carry_out_all (HbDriver *self);

HbDriver *
hb_driver_ref (HbDriver *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
free_driver (gpointer data)
{
  HbDriver *self = data;

  g_assert (self->link == NULL);
  hb_intake_clear (&self->intake);
  hb_machine_clear (&self->machine);
  hb_sessions_clear (&self->sessions);
  g_clear_pointer (&self->request_headers, soup_message_headers_unref);
  g_weak_ref_clear (&self->owner);
  hb_home_clear (&self->home);
}

void
hb_driver_release_cb (gpointer self)
{
  hb_driver_unref (self);
}

static gboolean
is_closed (HbDriver *self)
{
  return self->machine.state == HB_STATE_CLOSED;
}

/* Called before code of the application runs as well as after it, because that code may run a main
 * loop. */
static void
touch_alarm (HbDriver *self)
{
  if (self->alarm != NULL)
    hb_alarm_touch (self->alarm);
}

/* The alarm holds a reference to the driver. Where there is none, or it goes, another reference
 * keeps the driver until the outermost end (). */
static void
keep (HbDriver *self)
{
  if (self->is_kept)
    return;

  self->is_kept = TRUE;
  hb_driver_ref (self);
}

/* Precedes code that may run code of the application, which may drop the last reference to the
 * driver. Counts no reference if it need not, because to do so takes long for a short message. */
static void
begin (HbDriver *self)
{
  self->depth++;
  if (self->alarm == NULL)
    keep (self);
}

/* Carries out the effects now. Within an effect, they follow when that one is done. */
void
hb_driver_wake (HbDriver *self)
{
  hb_driver_show_state (self);

  if (self->depth == 0)
    carry_out_all (self);
  else
    touch_alarm (self);
}

/* The effects that have not been carried out, because a handler has not returned, precede the
 * question whether the message is a reply, as they precede the message. The message has the time at
 * which it was received, because the application's function may take long. */
static void
handle_judged (HbDriver      *self,
               const HbEvent *event)
{
  HbEvent judged = *event;
  gint64 now = self->now;

  hb_driver_ref (self);
  if (hb_machine_has_effect (&self->machine))
    carry_out_all (self);

  judged.message.reply = hb_driver_judge (self, event);
  hb_machine_handle (&self->machine, now, &judged);
  hb_driver_wake (self);
  hb_driver_unref (self);
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
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  HbDriver *self = user_data;

  if (event->kind == HB_EVENT_MESSAGE && self->has_pong_func)
    {
      handle_judged (self, event);
      return;
    }

  if (event->kind == HB_EVENT_OPENED)
    hb_sessions_on_opened (&self->sessions);
  else if (event->kind == HB_EVENT_LOST)
    on_lost (self, event);

  hb_machine_handle (&self->machine, hb_driver_get_time (self, event->kind), event);

  /* Activity changes only a deadline. */
  if (event->kind == HB_EVENT_ACTIVITY)
    touch_alarm (self);
  else
    hb_driver_wake (self);
}

static gboolean
alarm_cb (gpointer user_data)
{
  HbDriver *self = user_data;
  gboolean has_ended = self->link != NULL && hb_link_has_ended (self->link);

  if (hb_alarm_was_woken (self->alarm))
    hb_driver_on_woken (self);

  /* A link that has ended reports that, and the reason, in this iteration. A tick would hide it. */
  if (hb_alarm_is_due (self->alarm) && !has_ended)
    hb_driver_tick (self);

  carry_out_all (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
network_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  hb_trace (&self->trace, "change of a network");
  event_cb (&(HbEvent) { .kind = HB_EVENT_NETWORK }, self);

  return G_SOURCE_CONTINUE;
}

static void
end_yield (HbDriver *self)
{
  if (self->yielding == NULL)
    return;

  g_source_destroy (self->yielding);
  g_clear_pointer (&self->yielding, g_source_unref);
}

static gboolean
yield_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  end_yield (self);
  hb_machine_on_yielded (&self->machine);
  hb_driver_wake (self);

  return G_SOURCE_REMOVE;
}

/* A source of this priority is dispatched after all others that are ready. */
static void
yield (HbDriver *self)
{
  if (self->home.context == NULL || self->yielding != NULL)
    return;

  self->yielding = g_idle_source_new ();
  g_source_set_callback (self->yielding, yield_cb, self, NULL);
  g_source_set_static_name (self->yielding, "[hb] messages");
  g_source_attach (self->yielding, self->home.context);
}

static void
leave_context (HbDriver *self)
{
  if (self->alarm == NULL)
    return;

  if (self->depth > 0)
    keep (self);

  end_yield (self);
  hb_intake_set_alarm (&self->intake, NULL);
  hb_driver_forget_turn (self);
  g_source_destroy (self->alarm);
  g_clear_pointer (&self->alarm, g_source_unref);
  g_clear_pointer (&self->network, hb_network_unwatch);
  hb_sessions_drop_own (&self->sessions);
  hb_home_leave (&self->home);
}

/* Makes the task belong to the thread-default context when it leaves CLOSED. */
void
hb_driver_enter_context (HbDriver *self)
{
  if (!is_closed (self) || self->machine.disposed)
    return;

  leave_context (self);
  hb_trace_refresh (&self->trace, &self->machine);
  hb_home_enter (&self->home);
  self->alarm = hb_alarm_new (hb_driver_get_deadline, self);
  g_source_set_callback (self->alarm, alarm_cb, hb_driver_ref (self), hb_driver_release_cb);
  g_source_attach (self->alarm, self->home.context);
  hb_intake_set_alarm (&self->intake, self->alarm);
}

static void
carry_out (HbDriver *self,
           HbEffect *effect)
{
  if (G_UNLIKELY (self->trace.is_wanted))
    hb_trace_effect (&self->trace, &self->machine, effect);

  switch (effect->kind)
    {
    case HB_EFFECT_DROP:
      g_clear_pointer (&self->link, hb_link_drop);
      break;
    case HB_EFFECT_CONNECT:
      hb_driver_connect (self, effect, event_cb);
      break;
    case HB_EFFECT_REQUEST:
      hb_trace (&self->trace, "request released");
      hb_driver_send_request (self, effect);
      break;
    case HB_EFFECT_TRANSMIT:
      hb_driver_transmit (self);
      break;
    case HB_EFFECT_PING:
      hb_driver_ping (self);
      break;
    case HB_EFFECT_SHUT_DOWN:
      if (self->link != NULL)
        hb_link_close (self->link, effect->close.code, effect->close.reason);
      break;
    case HB_EFFECT_READ:
      if (self->link != NULL)
        hb_link_set_reading (self->link, hb_machine_may_read (&self->machine));
      break;
    case HB_EFFECT_WAITED:
      hb_driver_emit (self, effect);
      hb_machine_on_given (&self->machine, hb_driver_read_clock (self));
      break;
    case HB_EFFECT_YIELD:
      yield (self);
      break;
    case HB_EFFECT_OPEN:
      hb_driver_emit (self, effect);
      hb_machine_on_greeted (&self->machine, effect->serial);
      break;
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_MESSAGE:
    case HB_EFFECT_CLOSE:
    case HB_EFFECT_ERROR:
    case HB_EFFECT_DRAIN:
      hb_driver_emit (self, effect);
      break;
    case HB_EFFECT_RECONNECT:
      if (hb_driver_choose_delay (self, effect))
        hb_driver_emit (self, effect);
      break;
    case HB_EFFECT_RESOLVE:
      hb_call_complete (effect);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Follows the last effect. Leaves the context of a closed task, and applies network-aware. */
static void
follow_state (HbDriver *self)
{
  if (is_closed (self))
    leave_context (self);
  else if (!self->machine.settings.network_aware)
    g_clear_pointer (&self->network, hb_network_unwatch);
  else if (self->network == NULL)
    self->network = hb_network_watch (self->home.context, network_cb, self);
}

/* Follows begin (). After the outermost end (), the driver may be gone. */
static void
end (HbDriver *self)
{
  if (self->depth == 1)
    follow_state (self);

  touch_alarm (self);
  self->depth--;

  if (self->is_kept && self->depth == 0)
    {
      self->is_kept = FALSE;
      hb_driver_unref (self);
    }
}

static gboolean
pop_effect (HbDriver *self,
            HbEffect *effect)
{
  hb_driver_show_state (self);

  return hb_machine_has_effect (&self->machine)
         && hb_machine_pop_effect (&self->machine, effect);
}

static void
carry_out_each (HbDriver *self)
{
  HbEffect effect;

  while (pop_effect (self, &effect))
    {
      touch_alarm (self);
      carry_out (self, &effect);
      hb_effect_clear (&effect);
    }
}

/* Carries out all effects. Code of the application runs in here, which may call anything, drop the
 * last reference, or run a main loop, and this function with it. */
static void
carry_out_all (HbDriver *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  begin (self);
  carry_out_each (self);
  end (self);
}

/* Sends a message in the call that accepts it, also from a handler, so that buffered-amount always
 * means the same. The effects follow, except within an effect. */
void
hb_driver_transmit_now (HbDriver *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  begin (self);
  hb_machine_transmit_at_once (&self->machine);
  hb_driver_transmit (self);
  hb_driver_show_state (self);
  if (self->depth == 1)
    carry_out_each (self);
  end (self);
}

HbDriver *
hb_driver_new (const HbDriverFuncs *funcs,
               GObject             *owner)
{
  HbDriver *self = g_atomic_rc_box_new0 (HbDriver);

  self->funcs = funcs;
  g_weak_ref_init (&self->owner, owner);
  hb_home_init (&self->home);
  self->request_headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
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

  /* No signal reports this, and a script may not know that its garbage collector took the task. */
  if (!is_closed (self))
    hb_trace (&self->trace,
              "The last reference to a task that is not closed is gone, and the connection with "
              "it. Keep the task in a variable for as long as it is needed");

  hb_driver_take_in (self);
  hb_machine_dispose (&self->machine, hb_clock_now ());
  self->shown_state = HB_DRIVER_NOT_SHOWN;
  hb_driver_show_state (self);
  g_clear_pointer (&self->link, hb_link_drop);
  leave_context (self);
  carry_out_all (self);

  return G_SOURCE_REMOVE;
}

/* Ends the task in any state, any number of times. A garbage collector may call this in any
 * thread. */
void
hb_driver_dispose (HbDriver *self)
{
  hb_home_call (&self->home, dispose_cb, hb_driver_ref (self), hb_driver_release_cb);
}

void
hb_driver_unref (HbDriver *self)
{
  g_atomic_rc_box_release_full (self, free_driver);
}
