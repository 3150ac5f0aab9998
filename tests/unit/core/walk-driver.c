/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* The number of effects after which walk_drain () counts as endless */
#define MAX_EFFECTS 100000

/* The kernel may accept the next message at once, unless the link with @serial no longer exists. */
static void
write_at_times (Walk  *self,
                guint  serial)
{
  if (dice_roll (self->dice, 2) == 0 && self->link.exists && self->link.serial == serial
      && walk_get_n_unwritten (self) > 0)
    walk_on_written (self, 1);
}

static void
send_taken (Walk             *self,
            const HbOutgoing *message)
{
  guint serial = self->link.serial;

  walk_take (self, message);
  self->link.room -= self->link.room != G_MAXUINT;
  walk_on_sent (self);

  /* The application may have connected a handler to a signal of the connection. */
  if (dice_one_in (self->dice, 64))
    walk_call_back (self);

  write_at_times (self, serial);
}

/* No code of the application may run before the machine knows the position of the message. */
static void
send_directly (Walk             *self,
               const HbOutgoing *message)
{
  walk_take (self, message);
  self->link.room -= self->link.room != G_MAXUINT;
  walk_on_sent_directly (self, message);
  write_at_times (self, self->link.serial);
}

static void
transmit (Walk *self)
{
  while (self->link.exists && self->link.room > 0
         && hb_outbox_can_transmit (&self->machine.outbox))
    {
      const HbOutgoing *message = hb_machine_take_message (&self->machine, self->now);

      if (message == NULL)
        break;

      send_taken (self, message);
    }

  if (self->link.exists && self->link.room == 0)
    walk_on_blocked (self);
}

/* Sends messages within the application's call, even if a handler makes that call.
 *
 * @direct: (nullable): the message of the call, if it does not have to wait */
void
walk_transmit_now (Walk             *self,
                   const HbOutgoing *direct)
{
  self->n_drains++;
  if (direct != NULL)
    send_directly (self, direct);
  transmit (self);
  self->n_drains--;
  walk_wake (self);
}

static void
send_request (Walk           *self,
              const HbEffect *effect)
{
  if (!hb_machine_is_current (&self->machine, effect))
    return;

  g_assert_true (self->link.exists);
  g_assert_false (self->link.is_connecting);
  g_assert_false (self->machine.is_request_held);
  self->link.is_connecting = walk_on_requested (self);
  if (self->link.is_connecting && dice_one_in (self->dice, 8))
    walk_await_turn (self);
}

static void
connect_link (Walk           *self,
              const HbEffect *effect)
{
  if (!hb_machine_is_current (&self->machine, effect) || !walk_on_announcing (self))
    return;

  /* Only one link may exist at a time, and none may be made while the application still sees
   * another as open. */
  g_assert_false (self->link.exists);
  g_assert_false (self->mirror.sees_open);
  self->link = (Link) { .serial = effect->serial, .exists = TRUE, .is_reading = TRUE };
  g_array_set_size (self->taken, 0);

  if (dice_one_in (self->dice, 8))
    walk_hold (self);
  walk_call_back (self);

  if (hb_machine_on_announced (&self->machine, effect))
    send_request (self, effect);
}

static void
announce_attempt (Walk     *self,
                  HbEffect *effect)
{
  guint delay;

  if (!hb_machine_is_current (&self->machine, effect))
    return;

  g_assert_cmpint (self->machine.state, ==, HB_STATE_WAITING);
  g_assert_cmpuint (effect->reconnect.attempt, ==, self->machine.attempt);

  /* The application may have a function that sets the delay. */
  if (dice_roll (self->dice, 2) == 1)
    {
      delay = dice_roll (self->dice, 4) * 1000;
      hb_machine_on_choosing (&self->machine);
      walk_call_back (self);
      if (!hb_machine_is_current (&self->machine, effect))
        return;

      hb_machine_on_chosen (&self->machine);
      hb_machine_set_delay (&self->machine, effect, delay);
      g_assert_cmpuint (effect->reconnect.delay, ==, MAX (delay, self->machine.retry_after));
    }

  g_assert_cmpint (self->machine.state, ==, HB_STATE_WAITING);
  g_assert_cmpint (hb_milliseconds (effect->reconnect.delay), ==,
                   self->machine.attempt_at - self->machine.since);
  walk_call_back (self);
}

static void
ping (Walk *self)
{
  guint serial = self->link.serial;

  if (!self->link.exists)
    return;

  walk_call_back (self);
  if (!self->link.exists || self->link.serial != serial)
    return;

  g_assert_true (self->link.is_open);
  if (hb_machine_on_pinged (&self->machine, self->now))
    self->n_pings++;
}

static void
shut_down (Walk *self)
{
  if (!self->link.exists)
    return;

  g_assert_true (self->link.is_open);
  g_assert_false (self->link.has_sent_close);
  g_assert_cmpuint (walk_get_n_unwritten (self), ==, 0);
  self->link.has_sent_close = TRUE;
}

static void
read_property (Walk       *self,
               HbProperty  property)
{
  HbStatus status = hb_machine_get_status (&self->machine);
  Mirror *mirror = &self->mirror;

  switch (property)
    {
    case HB_PROPERTY_STATE:
      mirror->state = status.state;
      break;
    case HB_PROPERTY_ATTEMPT:
      mirror->attempt = status.attempt;
      break;
    case HB_PROPERTY_HTTP_STATUS:
      mirror->http_status = status.http_status;
      break;
    case HB_PROPERTY_RECONNECT_AT:
      mirror->reconnect_at = hb_machine_get_attempt_at (&self->machine);
      break;
    case HB_PROPERTY_LATENCY:
      mirror->latency = status.latency;
      break;
    case HB_PROPERTY_DOWNTIME:
      mirror->downtime = status.downtime;
      break;
    case HB_PROPERTY_BUFFERED_AMOUNT:
      mirror->buffered_amount = status.buffered_amount;
      break;
    case HB_PROPERTY_READY:
      mirror->is_ready = status.is_ready;
      break;
    case HB_PROPERTY_PAUSED:
      mirror->is_paused = self->machine.settings.paused;
      break;
    case HB_PROPERTY_LAST_ERROR:
      mirror->has_error = status.last_error != NULL;
      break;
    case HB_PROPERTY_CONNECTION:
      mirror->has_connection = hb_machine_has_open_link (&self->machine);
      break;
    default:
      g_assert_cmpint (property, ==, HB_PROPERTY_PROTOCOL);
    }
}

static void
emit_open (Walk           *self,
           const HbEffect *effect)
{
  g_assert_false (self->mirror.sees_open);
  self->mirror.sees_open = TRUE;
  walk_call_back (self);

  hb_machine_on_greeted (&self->machine, effect->serial);
  if (self->link.serial == effect->serial)
    self->link.is_greeted = TRUE;
  if (hb_machine_has_open_link (&self->machine))
    g_assert_true (self->machine.outbox.greeting
                   == (self->machine.state == HB_STATE_OPEN && !self->link.is_greeted));
}

static void
emit_close (Walk *self)
{
  g_assert_true (self->mirror.sees_open);
  g_assert_false (self->link.exists && self->link.is_open);
  self->mirror.sees_open = FALSE;
  walk_call_back (self);
}

static void
emit_message (Walk           *self,
              const HbEffect *effect)
{
  g_assert_false (self->machine.settings.paused || self->is_giving);

  walk_deliver (self, effect->message.opcode, effect->message.bytes);
  self->is_giving = TRUE;
  walk_call_back (self);
  if (dice_one_in (self->dice, 4))
    self->now += 3 * G_TIME_SPAN_MILLISECOND;
  self->is_giving = FALSE;
}

static void
emit_error (Walk           *self,
            const HbEffect *effect)
{
  g_assert_nonnull (effect->error);
  walk_call_back (self);
}

static void
carry_out (Walk     *self,
           HbEffect *effect)
{
  g_assert_true (!self->is_disposed || effect->kind == HB_EFFECT_RESOLVE
                 || effect->kind == HB_EFFECT_RELEASE);

  switch (effect->kind)
    {
    case HB_EFFECT_DROP:
      self->link.exists = FALSE;
      break;
    case HB_EFFECT_CONNECT:
      connect_link (self, effect);
      break;
    case HB_EFFECT_REQUEST:
      send_request (self, effect);
      break;
    case HB_EFFECT_TRANSMIT:
      transmit (self);
      break;
    case HB_EFFECT_QUERY:
      walk_on_acknowledged (self);
      break;
    case HB_EFFECT_PING:
      ping (self);
      break;
    case HB_EFFECT_SHUT_DOWN:
      shut_down (self);
      break;
    case HB_EFFECT_READ:
      self->link.is_reading = hb_machine_may_read (&self->machine);
      break;
    case HB_EFFECT_NOTIFY:
      read_property (self, effect->property);
      walk_call_back (self);
      break;
    case HB_EFFECT_OPEN:
      emit_open (self, effect);
      break;
    case HB_EFFECT_MESSAGE:
      emit_message (self, effect);
      hb_machine_on_given (&self->machine, self->now);
      break;
    case HB_EFFECT_YIELD:
      /* A closed task has no main context, so it cannot let other sources run. */
      self->is_yielding = self->machine.state != HB_STATE_CLOSED;
      break;
    case HB_EFFECT_CLOSE:
      emit_close (self);
      break;
    case HB_EFFECT_ERROR:
      emit_error (self, effect);
      break;
    case HB_EFFECT_RECONNECT:
      announce_attempt (self, effect);
      break;
    case HB_EFFECT_DRAIN:
      walk_call_back (self);
      break;
    case HB_EFFECT_RESOLVE:
      if (effect->resolve.outcome == HB_OUTCOME_NONE)
        break;
      walk_resolve (self, effect);
      walk_call_back (self);
      break;
    case HB_EFFECT_RELEASE:
      walk_call_back (self);
      break;
    default:
      g_assert_not_reached ();
    }
}

void
walk_drain (Walk *self)
{
  guint n_effects = 0;
  HbEffect effect;

  self->n_drains++;

  for (;;)
    {
      gboolean has_waited = self->machine.effects.length == 0;

      if (!hb_machine_pop_effect (&self->machine, &effect))
        break;

      /* If no effect was pending, an HB_EFFECT_MESSAGE emits a message that was waiting, even after
       * its link was lost. No such message is emitted while other sources must run first. */
      if (effect.kind == HB_EFFECT_MESSAGE && has_waited)
        g_assert_false (self->is_yielding);
      else if (effect.kind == HB_EFFECT_MESSAGE)
        g_assert_true (self->mirror.sees_open);

      g_assert_cmpuint (n_effects++, <, MAX_EFFECTS);
      carry_out (self, &effect);
      hb_effect_clear (&effect);
    }

  self->n_drains--;
}

/* Emits a message for which the machine has made no effect. */
void
walk_emit_message (Walk     *self,
                   HbOpcode  opcode,
                   GBytes   *bytes)
{
  HbEffect effect = {
    .kind = HB_EFFECT_MESSAGE,
    .message.opcode = opcode,
    .message.bytes = bytes,
  };

  g_assert_cmpuint (self->machine.effects.length, ==, 0);
  g_assert_true (self->mirror.sees_open && !self->is_disposed);

  self->n_drains++;
  emit_message (self, &effect);
  if (!hb_inbox_end_giving (&self->machine.inbox))
    hb_machine_on_given (&self->machine, self->now);
  self->n_drains--;
}

/* Carries out the effects. In a handler, only the drop of the link is carried out at once. The
 * other effects wait until the handler returns or iterates a main loop. */
void
walk_wake (Walk *self)
{
  HbEffect drop;

  if (self->n_drains == 0)
    walk_drain (self);
  else if (hb_machine_has_drop (&self->machine) && hb_machine_pop_effect (&self->machine, &drop))
    carry_out (self, &drop);

  g_assert_false (hb_machine_has_drop (&self->machine));
}
