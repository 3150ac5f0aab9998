/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* Carries out what the machine wants, as the real driver does, and holds each emission against what
 * is owed. */

/* A machine that never comes to rest in one step. */
#define MAX_EFFECTS 100000

static void
send_taken (Walk             *self,
            const HbOutgoing *message)
{
  guint serial = self->link.serial;

  g_assert_true (self->link.is_open);
  g_assert_false (self->link.has_said_goodbye);
  ledger_on_taken (&self->ledger, message);
  self->link.room -= self->link.room != G_MAXUINT;
  walk_on_sent (self);

  /* The application may have connected to the connection itself. */
  if (dice_one_in (self->dice, 64))
    walk_call_back (self);

  /* The kernel may take it at once. */
  if (dice_roll (self->dice, 2) == 0 && self->link.exists && self->link.serial == serial
      && walk_get_n_unwritten (self) > 0)
    walk_on_written (self, 1);
}

static void
transmit (Walk *self)
{
  while (self->link.exists && self->link.room > 0
         && hb_outbox_can_transmit (&self->machine.outbox))
    {
      const HbOutgoing *message = hb_machine_take_message (&self->machine, self->now);

      model_expire (self);
      if (message == NULL)
        break;

      send_taken (self, message);
    }

  if (self->link.exists && self->link.room == 0)
    walk_on_blocked (self);
}

/* A message goes out in the call that sends it, from a handler too.
 *
 * @taken: (nullable): the message, if it did not have to wait */
void
walk_transmit_now (Walk             *self,
                   const HbOutgoing *taken)
{
  self->n_drains++;
  if (taken != NULL)
    send_taken (self, taken);
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
  g_assert_false (self->model.is_request_held);
  self->link.is_connecting = walk_on_requested (self);
}

static void
connect_link (Walk           *self,
              const HbEffect *effect)
{
  Link *link = &self->link;

  if (!hb_machine_is_current (&self->machine, effect) || !walk_on_announcing (self))
    return;

  /* One link at a time, and none while another is still told to be open */
  g_assert_false (link->exists);
  g_assert_false (self->mirror.is_told_open);
  *link = (Link) { .serial = effect->serial, .exists = TRUE, .is_reading = TRUE };

  if (dice_one_in (self->dice, 8))
    walk_hold (self);
  walk_call_back (self);

  if (hb_machine_is_current (&self->machine, effect))
    self->model.is_announcing = FALSE;
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

  /* The application's own function, every other time */
  if (dice_roll (self->dice, 2) == 1)
    {
      delay = dice_roll (self->dice, 4) * 1000;
      walk_call_back (self);
      if (!hb_machine_is_current (&self->machine, effect))
        return;

      hb_machine_set_delay (&self->machine, effect, delay);
      delay = MAX (delay, self->model.retry_after);
      g_assert_cmpuint (effect->reconnect.delay, ==, delay);
      self->model.due_at = self->model.since + hb_milliseconds (delay);
      self->model.is_by_settings = FALSE;
    }

  g_assert_cmpint (self->machine.state, ==, HB_STATE_WAITING);
  g_assert_cmpint (hb_milliseconds (effect->reconnect.delay), ==,
                   self->model.due_at - self->model.since);
  walk_call_back (self);
}

static void
ping (Walk *self)
{
  guint serial = self->link.exists ? self->link.serial : 0;

  walk_call_back (self);
  if (!self->link.exists || self->link.serial != serial)
    return;

  g_assert_true (self->link.is_open);
  walk_on_pinged (self);
}

/* All that was accepted is on its way before the close frame is sent, and it is sent once. */
static void
shut_down (Walk *self)
{
  if (!self->link.exists)
    return;

  g_assert_true (self->link.is_open);
  g_assert_false (self->link.has_said_goodbye);
  g_assert_cmpuint (walk_get_n_unwritten (self), ==, 0);
  self->link.has_said_goodbye = TRUE;
}

static gboolean
is_error (const GError *error,
          int           expected)
{
  return expected == ANY_ERROR ? error->domain != HB_ERROR
                               : g_error_matches (error, HB_ERROR, expected);
}

/* The next of what is owed, and nothing else, and with nothing left of a link that has ended. */
static void
settle_debt (Walk           *self,
             const HbEffect *effect)
{
  Owed *owed = model_pop_owed (self);

  g_assert_nonnull (owed);
  g_assert_cmpint (effect->kind, ==, owed->kind);

  switch (effect->kind)
    {
    case HB_EFFECT_CONNECT:
      g_assert_cmpuint (effect->serial, ==, owed->serial);
      break;

    case HB_EFFECT_OPEN:
      g_assert_cmpuint (effect->serial, ==, owed->serial);
      g_assert_false (self->mirror.is_told_open);
      self->mirror.is_told_open = TRUE;
      self->mirror.open_serial = owed->serial;
      break;

    case HB_EFFECT_MESSAGE:
      g_assert_true (effect->message.bytes == owed->bytes);
      g_assert_true (self->mirror.is_told_open);
      break;

    case HB_EFFECT_CLOSE:
      g_assert_cmpuint (effect->close.code, ==, owed->number);
      g_assert_true (self->mirror.is_told_open);
      g_assert_cmpuint (self->mirror.open_serial, ==, owed->serial);
      g_assert_false (self->link.exists && self->link.serial == owed->serial);
      g_assert_false (model_has_open_link (self) && self->machine.serial == owed->serial);
      self->mirror.is_told_open = FALSE;
      break;

    case HB_EFFECT_ERROR:
      g_assert_true (is_error (effect->error, owed->error));
      break;

    case HB_EFFECT_RECONNECT:
      g_assert_cmpuint (effect->reconnect.serial, ==, owed->serial);
      g_assert_cmpuint (effect->reconnect.attempt, ==, owed->number);
      break;

    case HB_EFFECT_DROP:
    case HB_EFFECT_REQUEST:
    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_ASK:
    case HB_EFFECT_PING:
    case HB_EFFECT_SHUT_DOWN:
    case HB_EFFECT_READ:
    case HB_EFFECT_WAITED:
    case HB_EFFECT_YIELD:
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_DRAIN:
    case HB_EFFECT_RESOLVE:
    default:
      g_assert_not_reached ();
    }

  model_free_owed (owed);
}

/* An application reads a property when it is notified, and not before. */
static void
read_property (Walk       *self,
               HbProperty  property)
{
  HbMachine *machine = &self->machine;
  Mirror *mirror = &self->mirror;

  switch (property)
    {
    case HB_PROPERTY_STATE:
      mirror->state = machine->state;
      break;
    case HB_PROPERTY_ATTEMPT:
      mirror->attempt = machine->attempt;
      break;
    case HB_PROPERTY_HTTP_STATUS:
      mirror->http_status = machine->http_status;
      break;
    case HB_PROPERTY_RECONNECT_AT:
      mirror->reconnect_at = hb_machine_get_attempt_at (machine);
      break;
    case HB_PROPERTY_LATENCY:
      mirror->latency = machine->latency;
      break;
    case HB_PROPERTY_DOWNTIME:
      mirror->downtime = machine->downtime;
      break;
    case HB_PROPERTY_BUFFERED_AMOUNT:
      mirror->buffered_amount = hb_outbox_get_buffered (&machine->outbox);
      break;
    case HB_PROPERTY_READY:
      mirror->is_ready = hb_machine_get_status (machine).is_ready;
      break;
    case HB_PROPERTY_PAUSED:
      mirror->is_paused = machine->settings.paused;
      break;
    case HB_PROPERTY_LAST_ERROR:
      mirror->last_error = machine->last_error == NULL ? NO_ERROR
                           : machine->last_error->domain == HB_ERROR ? machine->last_error->code
                                                                     : ANY_ERROR;
      break;
    case HB_PROPERTY_CONNECTION:
      mirror->has_connection = model_has_open_link (self);
      break;
    default:
      g_assert_cmpint (property, ==, HB_PROPERTY_PROTOCOL);
    }
}

static void
carry_out (Walk     *self,
           HbEffect *effect)
{
  g_assert_true (!self->model.disposed || effect->kind == HB_EFFECT_RESOLVE);

  switch (effect->kind)
    {
    case HB_EFFECT_DROP:
      self->link.exists = FALSE;
      break;
    case HB_EFFECT_CONNECT:
      settle_debt (self, effect);
      connect_link (self, effect);
      break;
    case HB_EFFECT_REQUEST:
      send_request (self, effect);
      break;
    case HB_EFFECT_TRANSMIT:
      transmit (self);
      break;
    case HB_EFFECT_ASK:
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
    case HB_EFFECT_WAITED:
      walk_settle_waited (self, effect);
      break;
    case HB_EFFECT_YIELD:
      walk_yield (self);
      break;
    case HB_EFFECT_NOTIFY:
      read_property (self, effect->property);
      walk_call_back (self);
      break;
    case HB_EFFECT_OPEN:
      settle_debt (self, effect);
      walk_call_back (self);
      walk_on_greeted (self, effect->serial);
      break;
    case HB_EFFECT_MESSAGE:
    case HB_EFFECT_CLOSE:
    case HB_EFFECT_ERROR:
      settle_debt (self, effect);
      walk_call_back (self);
      break;
    case HB_EFFECT_RECONNECT:
      settle_debt (self, effect);
      announce_attempt (self, effect);
      break;
    case HB_EFFECT_DRAIN:
      g_assert_cmpuint (self->ledger.n_drains, >, 0);
      self->ledger.n_drains--;
      walk_call_back (self);
      break;
    case HB_EFFECT_RESOLVE:
      ledger_resolve (&self->ledger, effect);
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

  while (hb_machine_pop_effect (&self->machine, &effect))
    {
      g_assert_cmpuint (n_effects++, <, MAX_EFFECTS);
      carry_out (self, &effect);
      hb_effect_clear (&effect);
    }

  self->n_drains--;
}

/* Emits a message that has no effect. */
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

  self->n_drains++;
  carry_out (self, &effect);
  self->n_drains--;
}

/* Within a handler the alarm is set, and rings when there is a main loop for it. Only the drop of
 * the link does not wait. */
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
