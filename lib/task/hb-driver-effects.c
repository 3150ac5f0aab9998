/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-call-private.h"
#include "hb-context-private.h"
#include "hb-driver-steps-private.h"

/* Carries out the effects of the machine, and leaves the context when the task is closed. */

static gboolean
network_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  hb_trace (&self->trace, "the network has changed");
  self->event_func (&(HbEvent) { .kind = HB_EVENT_NETWORK }, self);

  return G_SOURCE_CONTINUE;
}

static gboolean
yield_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  g_clear_pointer (&self->yielding, hb_context_end_source);
  hb_machine_on_yielded (&self->machine);
  hb_driver_wake (self);

  return G_SOURCE_REMOVE;
}

/* Lets other ready sources, down to idle priority, be dispatched before the next message is
 * emitted. */
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

/* Leaves the context, if any, and releases the driver's reference to itself. Unless the caller
 * holds a reference, the driver may no longer exist afterwards. */
void
hb_driver_leave_context (HbDriver *self)
{
  HbTickets ended;

  if (self->home.context == NULL)
    return;

  g_clear_pointer (&self->yielding, hb_context_end_source);
  hb_intake_unset_alarm (&self->intake, &ended);
  g_clear_pointer (&self->turn, hb_context_end_source);
  hb_alarm_leave (&self->alarm);
  g_clear_pointer (&self->network, hb_network_unwatch);
  hb_home_leave (&self->home);
  hb_tickets_unref_all (&ended);
  hb_driver_unref (self);
}

/* Drops the link, if any, and ends its delivery, because no HB_EVENT_DELIVERED follows. */
void
hb_driver_drop_link (HbDriver *self)
{
  g_clear_pointer (&self->link, hb_link_drop);
  hb_driver_end_delivery (self);
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
      hb_driver_drop_link (self);
      break;
    case HB_EFFECT_CONNECT:
      hb_driver_connect (self, effect);
      break;
    case HB_EFFECT_REQUEST:
      hb_trace (&self->trace, "request released");
      hb_driver_send_request (self, effect);
      break;
    case HB_EFFECT_TRANSMIT:
      hb_driver_transmit (self);
      break;
    case HB_EFFECT_QUERY:
      hb_driver_query (self);
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
    case HB_EFFECT_MESSAGE:
      hb_driver_emit (self, effect);
      hb_driver_end_emission (self);
      break;
    case HB_EFFECT_YIELD:
      yield (self);
      break;
    case HB_EFFECT_OPEN:
      hb_driver_emit (self, effect);
      hb_machine_on_greeted (&self->machine, effect->serial);
      break;
    case HB_EFFECT_NOTIFY:
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
    case HB_EFFECT_RELEASE:
      break; /* hb_effect_clear () releases the bytes. */
    default:
      g_assert_not_reached ();
    }
}

static void
follow_network_aware (HbDriver *self)
{
  if (!self->machine.settings.network_aware)
    g_clear_pointer (&self->network, hb_network_unwatch);
  else if (self->network == NULL)
    self->network = hb_network_watch (self->home.context, network_cb, self);
}

/* Ends the section that hb_driver_begin () has begun. At the end of the outermost section, a closed
 * task leaves its context. Another thread may then use or drop the task, so the driver must not be
 * accessed any more.
 *
 * Returns whether the caller may still use the driver. */
gboolean
hb_driver_end (HbDriver *self)
{
  gboolean is_closed = hb_driver_is_closed (self);
  gboolean was_kept = self->is_kept;

  hb_driver_touch_alarm (self);
  self->depth--;
  if (self->depth > 0)
    return TRUE;

  self->is_kept = FALSE;
  if (is_closed)
    hb_driver_leave_context (self);
  else
    follow_network_aware (self);

  if (was_kept)
    hb_driver_unref (self);

  return !is_closed;
}

static gboolean
pop_effect (HbDriver *self,
            HbEffect *effect)
{
  hb_driver_show_state (self);

  return hb_machine_has_effect (&self->machine)
         && hb_machine_pop_effect (&self->machine, effect);
}

void
hb_driver_carry_out_each (HbDriver *self)
{
  HbEffect effect;

  while (pop_effect (self, &effect))
    {
      hb_driver_touch_alarm (self);
      carry_out (self, &effect);
      hb_effect_clear (&effect);
    }
}

/* The effects may run code of the application, which may call any method, drop the last reference,
 * or run a main loop in which this function is called again.
 *
 * Returns whether the caller may still use the driver. */
gboolean
hb_driver_carry_out_all (HbDriver *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  hb_driver_begin (self);
  hb_driver_carry_out_each (self);

  return hb_driver_end (self);
}

/* Releases the bytes of sent and dropped messages. A function of the application that frees bytes
 * may send a message. Many such functions that run within one another would overflow the stack, so
 * an inner call does nothing. */
static void
release_gone (HbDriver *self)
{
  GBytes *gone;

  if (self->is_releasing)
    return;

  self->is_releasing = TRUE;
  while ((gone = hb_outbox_pop_gone (&self->machine.outbox)) != NULL)
    g_bytes_unref (gone);
  self->is_releasing = FALSE;
}

/* Sends the messages that may be sent now, and then carries out the effects. Within another section
 * (hb_driver_begin ()), leaves the effects to that section. Even then, releases the bytes of sent
 * messages, because a handler may send many messages before it returns. The driver may no longer
 * exist afterwards. */
void
hb_driver_transmit_now (HbDriver *self)
{
  hb_driver_begin (self);
  hb_driver_transmit (self);
  release_gone (self);
  hb_driver_show_state (self);

  if (self->depth == 1 && hb_driver_has_work (self))
    {
      G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

      hb_driver_carry_out_each (self);
    }

  hb_driver_end (self);
}

/* Carries out the effects. Within a section (hb_driver_begin ()), carries out only a drop of the
 * link, and leaves all other effects to the section. The driver may no longer exist afterwards. */
void
hb_driver_wake (HbDriver *self)
{
  HbEffect drop;

  hb_driver_show_state (self);

  if (self->depth == 0)
    {
      hb_driver_carry_out_all (self);
      return;
    }

  if (hb_machine_has_drop (&self->machine) && hb_machine_pop_effect (&self->machine, &drop))
    carry_out (self, &drop);

  hb_driver_touch_alarm (self);
}
