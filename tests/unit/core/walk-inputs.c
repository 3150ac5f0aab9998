/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "effect-string.h"
#include "machine-events.h"
#include "walk-private.h"

/* The functions of this file check the values that the machine returns, and the changes in its
 * state. */

static gboolean
may_follow (HbState before,
            HbState after)
{
  static const guint followers[] = {
    [HB_STATE_CLOSED] = 1 << HB_STATE_CONNECTING | 1 << HB_STATE_WAITING,
    [HB_STATE_CONNECTING] = 1 << HB_STATE_CONNECTING | 1 << HB_STATE_OPEN
                            | 1 << HB_STATE_WAITING | 1 << HB_STATE_CLOSED,
    [HB_STATE_OPEN] = 1 << HB_STATE_CONNECTING | 1 << HB_STATE_WAITING | 1 << HB_STATE_CLOSING
                      | 1 << HB_STATE_CLOSED,
    [HB_STATE_WAITING] = 1 << HB_STATE_CONNECTING | 1 << HB_STATE_CLOSED,
    [HB_STATE_CLOSING] = 1 << HB_STATE_CONNECTING | 1 << HB_STATE_WAITING | 1 << HB_STATE_CLOSED,
  };

  return (followers[before] & 1 << after) != 0;
}

static void
assert_delay (const HbMachine *machine)
{
  const HbSettings *settings = &machine->settings;
  guint64 longest = settings->reconnect_timeout;
  gint64 delay = (machine->attempt_at - machine->since) / G_TIME_SPAN_MILLISECOND;

  if (settings->reconnect_timeout_max > longest && machine->attempt > 1)
    longest = MIN (MAX (longest, 1) << MIN (machine->attempt - 1, 31),
                   settings->reconnect_timeout_max);

  g_assert_cmpint (delay, >=, machine->retry_after);
  g_assert_cmpint (delay, >=, (gint64) (longest * (1 - settings->reconnect_jitter)) - 1);
  g_assert_cmpint (delay, <=, MAX (longest, machine->retry_after));
}

/* Checks the state change, if any, and measures the uptime and the downtime. */
void
walk_follow_state (Walk *self)
{
  HbState before = self->state;
  HbState state = self->machine.state;
  gboolean is_open = state == HB_STATE_OPEN || state == HB_STATE_CLOSING;

  if (state == before && self->machine.serial == self->serial)
    return;

  g_assert_true (may_follow (before, state));
  g_assert_cmpuint (self->machine.serial, >=, self->serial);

  if (before == HB_STATE_OPEN)
    self->uptime += self->now - self->since;
  if ((before == HB_STATE_OPEN || before == HB_STATE_CLOSING) && !is_open)
    self->lost_at = self->now;

  if ((state == HB_STATE_OPEN || state == HB_STATE_CLOSED) && self->lost_at != HB_NEVER)
    {
      self->downtime += self->now - self->lost_at;
      self->lost_at = HB_NEVER;
    }

  if (state == HB_STATE_WAITING && self->machine.attempt > 0)
    assert_delay (&self->machine);

  self->is_yielding = self->is_yielding && state != HB_STATE_CLOSED;
  self->state = state;
  self->serial = self->machine.serial;
  self->since = self->now;
}

/* Must be called at the end of each input that may change the state. If the task refuses messages,
 * takes in the calls from other threads, as the driver does. */
static void
finish (Walk *self)
{
  walk_follow_state (self);
  if (walk_is_refusing (self))
    walk_take_in (self);
}

static void
set_text (char       **setting,
          const char  *text)
{
  g_free (*setting);
  *setting = g_strdup (text);
}

/* In 3 of 40 cases, a setting is invalid, so no new request can be made. */
static void
set_up_request (Walk *self)
{
  HbSettings *settings = &self->machine.settings;
  const char * const protocols[] = { "chat", "a b", NULL };
  guint fault = dice_roll (self->dice, 40);

  set_text (&settings->uri, fault == 37 ? "http://example.com/"
                            : fault < 8 ? "ws://example.com/elsewhere" : "ws://example.com/");
  set_text (&settings->origin, fault == 38 ? "a\nb" : "https://example.com");
  g_clear_pointer (&settings->protocols, g_strfreev);
  if (fault == 39)
    settings->protocols = g_strdupv ((char **) protocols);

  self->has_good_settings = fault < 37;
  self->bad_setting = fault == 37 ? HB_ERROR_INVALID_URI : HB_ERROR_INVALID_ARGUMENT;
}

static void
set_paused (Walk     *self,
            gboolean  is_paused)
{
  self->machine.settings.paused = is_paused;
  self->mirror.is_paused = is_paused;
}

static void
set (Walk          *self,
     HbProperty     property,
     gconstpointer  value)
{
  hb_machine_set (&self->machine, self->now, property, value);
}

void
walk_set_settings (Walk *self)
{
  static const char * const pongs[] = { "pong", "other pong", NULL };
  HbSettings *settings = &self->machine.settings;
  Dice *dice = self->dice;

  switch (dice_roll (dice, 11))
    {
    case 0:
      set (self, HB_PROPERTY_PING_TIMEOUT, &(guint) { dice_roll (dice, 20) * 1000 });
      set (self, HB_PROPERTY_PONG_TIMEOUT, &(guint) { dice_roll (dice, 10) * 1000 });
      break;
    case 1:
      set (self, HB_PROPERTY_LIVENESS, &(HbLiveness) { dice_roll (dice, 3) });
      self->active_at = 0;
      set (self, HB_PROPERTY_HEARTBEAT_MODE, &(HbHeartbeatMode) { dice_roll (dice, 2) });
      set (self, HB_PROPERTY_PONG_MESSAGE, &pongs[dice_roll (dice, 3)]);
      break;
    case 2:
      settings->reconnect_timeout = dice_roll (dice, 5) * 1000;
      settings->reconnect_timeout_max = dice_roll (dice, 20) * 1000;
      settings->reconnect_jitter = dice_roll (dice, 5) / 4.0;
      break;
    case 3:
      settings->repeat_limit = (int) dice_roll (dice, 12) - 1;
      settings->min_uptime = dice_roll (dice, 10) * 1000;
      break;
    case 4:
      set (self, HB_PROPERTY_CONNECT_TIMEOUT, &(guint) { dice_roll (dice, 10) * 1000 });
      settings->close_timeout = dice_roll (dice, 5) * 1000;
      settings->network_aware = dice_roll (dice, 4) != 3;
      break;
    case 5:
      settings->max_buffered_amount = dice_roll (dice, 100);
      settings->overflow = dice_roll (dice, 3);
      break;
    case 6:
      settings->manual_ready = dice_roll (dice, 3) != 0;
      break;
    case 7:
      set_paused (self, dice_roll (dice, 3) == 0);
      break;
    case 8:
      settings->delivery = dice_roll (dice, 3) != 0;
      break;
    case 9:
      settings->queue_timeout = dice_roll (dice, 4) * dice_roll (dice, 4000);
      break;
    default:
      set_up_request (self);
      break;
    }

  hb_machine_apply_settings (&self->machine, self->now);
  if (settings->queue_timeout > 0)
    walk_start_ages (self);
  finish (self);
}

void
walk_open (Walk *self)
{
  gpointer ticket = walk_maybe_start_call (self, CALL_OPEN);

  /* A closed task may enter another context, so no calls from other threads may be left. */
  g_assert_true (self->machine.state != HB_STATE_CLOSED || !walk_has_batch (self));
  hb_machine_open (&self->machine, self->now, ticket);
  finish (self);
}

void
walk_close (Walk *self)
{
  static const guint codes[] = { 1000, 1001, 3000, 4999, 0, 1005, 1012, 1011 };
  guint code = codes[dice_roll (self->dice, G_N_ELEMENTS (codes))];
  gpointer ticket = walk_maybe_start_call (self, CALL_CLOSE);
  g_autoptr (GError) error = NULL;

  walk_take_in (self);
  if (hb_machine_close (&self->machine, self->now, code, "bye", ticket, &error))
    {
      g_assert_cmpuint (code, !=, 1011);
      g_assert_cmpuint (self->machine.inbox.messages.length, ==, 0);
      walk_let_vanish (self);
    }
  else
    {
      g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
      g_assert_cmpuint (code, ==, 1011);
      walk_forget_call (self, ticket);
    }

  finish (self);
}

void
walk_reconnect_now (Walk *self)
{
  walk_take_in (self);
  walk_let_cancel (self, CALL_CLOSE);
  hb_machine_reconnect_now (&self->machine, self->now);
  finish (self);
}

void
walk_reconnect_later (Walk *self)
{
  walk_take_in (self);
  hb_machine_reconnect_later (&self->machine, self->now);
  finish (self);
}

void
walk_check (Walk *self)
{
  hb_machine_check (&self->machine, self->now);
  finish (self);
}

void
walk_mark_ready (Walk *self)
{
  hb_machine_mark_ready (&self->machine, self->now);
  finish (self);
}

gboolean
walk_on_announcing (Walk *self)
{
  gboolean is_made = hb_machine_on_announcing (&self->machine, self->now);

  g_assert_true (is_made == self->has_good_settings);
  if (!is_made)
    g_assert_error (self->machine.last_error, HB_ERROR, self->bad_setting);
  finish (self);

  return is_made;
}

/* The request keeps the URI with which it was made, so a URI that became invalid later does not
 * matter. */
gboolean
walk_on_requested (Walk *self)
{
  gboolean is_sent = hb_machine_on_requested (&self->machine, self->now);

  g_assert_true (is_sent == (self->has_good_settings
                             || self->bad_setting == HB_ERROR_INVALID_URI));
  if (!is_sent)
    g_assert_error (self->machine.last_error, HB_ERROR, self->bad_setting);
  self->n_attempts += is_sent;
  finish (self);

  return is_sent;
}

void
walk_await_turn (Walk *self)
{
  hb_machine_await_turn (&self->machine);
  self->link.awaits_turn = TRUE;
}

void
walk_on_turn (Walk *self)
{
  self->link.awaits_turn = FALSE;
  handle_event (&self->machine, self->now, HB_EVENT_TURN);
  finish (self);
}

void
walk_hold (Walk *self)
{
  hb_machine_hold (&self->machine);
  self->holds++;
  finish (self);
}

void
walk_release (Walk *self)
{
  g_assert_true (hb_machine_release (&self->machine, self->now) == (self->holds > 0));
  self->holds -= self->holds > 0;
  finish (self);
}

static void
assert_refused (const HbOutgoing *message,
                gboolean          is_good,
                gboolean          is_refusing,
                const GError     *error)
{
  if (is_refusing)
    g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  else if (!is_good)
    g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  else if (message->is_this_link || message->is_volatile)
    g_assert_cmpint (error->domain, ==, HB_ERROR);
  else
    g_assert_error (error, HB_ERROR, HB_ERROR_QUEUE_FULL);
}

static void
send (Walk       *self,
      HbOutgoing *message,
      gboolean    is_good)
{
  gboolean may_be_direct = (self->link.exists && self->link.room > 0
                            && dice_roll (self->dice, 2) == 0);
  gboolean is_refusing = walk_is_refusing (self);
  gint64 age = self->machine.settings.queue_timeout > 0 ? self->now : HB_NEVER;
  gboolean is_direct = FALSE;
  g_autoptr (GError) error = NULL;

  if (hb_machine_send (&self->machine, age, message, may_be_direct ? &is_direct : NULL, &error))
    {
      g_assert_false (is_refusing || !is_good);
      self->n_accepted++;
    }
  else
    {
      assert_refused (message, is_good, is_refusing, error);
      walk_forget_call (self, message->ticket);
    }

  if (!is_direct)
    finish (self);
  walk_transmit_now (self, is_direct ? message : NULL);
}

void
walk_send (Walk *self)
{
  gboolean is_good = !dice_one_in (self->dice, 30);
  gboolean is_greeting = self->link.is_open && !self->link.is_greeted;
  HbOutgoing message = {
    .opcode = is_good && dice_roll (self->dice, 2) == 0 ? HB_OPCODE_BINARY : HB_OPCODE_TEXT,
    .is_volatile = dice_one_in (self->dice, 6),
    .is_this_link = dice_one_in (self->dice, 4),
  };
  g_autoptr (GBytes) bytes = NULL;

  if (walk_get_n_queued (self) >= MAX_QUEUED)
    return;

  walk_take_in (self);
  bytes = walk_make_bytes (self, is_good, !is_greeting && !message.is_this_link);
  message.bytes = bytes;
  message.ticket = walk_maybe_start_call (self, CALL_SEND);

  if (hb_machine_needs_room (&self->machine, g_bytes_get_size (bytes)))
    walk_on_acknowledged (self);

  send (self, &message, is_good);
}

void
walk_flush (Walk *self)
{
  if (self->calls->len >= MAX_CALLS)
    return;

  walk_take_in (self);
  hb_machine_flush (&self->machine, walk_start_call (self, CALL_FLUSH));
}

void
walk_take_queue (Walk *self)
{
  HbDeque taken;

  walk_take_in (self);
  walk_let_cancel (self, CALL_SEND);
  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_machine_take_queue (&self->machine, self->now, &taken);
  g_assert_cmpuint (hb_outbox_get_n_queued (&self->machine.outbox), ==, 0);
  finish (self);
  g_free (taken_to_string (&taken));
}

void
walk_receive (Walk *self)
{
  if (self->calls->len >= MAX_CALLS)
    return;

  hb_machine_receive (&self->machine, self->now, walk_start_call (self, CALL_RECEIVE));
}

/* The call may already have ended, because its outcome is reported only when its effect is carried
 * out. */
void
walk_cancel (Walk *self)
{
  Call *call;

  walk_take_in (self);
  call = walk_pick_call (self);
  if (call == NULL)
    return;

  call->may_be_cancelled = TRUE;
  if (call->kind == CALL_OPEN)
    walk_let_vanish (self);
  hb_machine_cancel (&self->machine, self->now, GUINT_TO_POINTER (call->id));
  finish (self);
}

void
walk_dispose (Walk *self)
{
  walk_take_in (self);
  hb_machine_dispose (&self->machine, self->now);
  walk_let_vanish (self);
  self->is_disposed = TRUE;
  self->link.exists = FALSE;
  finish (self);
}

void
walk_on_opened (Walk *self)
{
  gboolean is_expected = self->machine.state == HB_STATE_CONNECTING;

  self->link.is_open = TRUE;
  self->link.room = G_MAXUINT;
  self->link.can_acknowledge = dice_roll (self->dice, 4) != 0;
  self->active_at = self->now;
  handle_opened (&self->machine, self->now, self->link.can_acknowledge,
                 dice_roll (self->dice, 4) * 20000);
  g_assert_true (!is_expected || self->machine.state == HB_STATE_OPEN);
  self->n_opens += is_expected;
  finish (self);
}

/* As in the driver, the application's pong function is called after all earlier effects, and may
 * call methods of the task. */
static HbReply
judge (Walk          *self,
       const HbEvent *event)
{
  guint judged_serial = self->judged_serial;
  gboolean is_delivered;

  if (dice_roll (self->dice, 2) == 0)
    return HB_REPLY_UNJUDGED;

  walk_drain (self);
  is_delivered = self->machine.state == HB_STATE_OPEN && self->machine.serial == event->serial;
  g_assert_true (hb_machine_would_deliver (&self->machine, event) == is_delivered);
  if (!is_delivered)
    return HB_REPLY_UNJUDGED;

  self->n_drains++;
  self->judged_serial = event->serial;
  walk_call_back (self);
  self->judged_serial = judged_serial;
  self->n_drains--;

  return dice_roll (self->dice, 2) == 0 ? HB_REPLY_YES : HB_REPLY_NO;
}

/* The machine does not deliver a message that it recognizes as a reply to a ping. */
static gboolean
is_reply (Walk          *self,
          const HbEvent *event)
{
  const char *pong = self->machine.settings.pong_message;
  gsize length;
  const char *text = g_bytes_get_data (event->message.bytes, &length);

  if (event->message.reply != HB_REPLY_UNJUDGED)
    return event->message.reply == HB_REPLY_YES;

  return pong != NULL && event->message.opcode == HB_OPCODE_TEXT
         && length == strlen (pong) && memcmp (text, pong, length) == 0;
}

void
walk_on_message (Walk *self)
{
  static const char large[400000] = { 0 };
  const char *text = dice_roll (self->dice, 3) == 0 ? "pong" : "hello";
  g_autoptr (GBytes) bytes = dice_one_in (self->dice, 4)
                             ? g_bytes_new_static (large, sizeof large)
                             : g_bytes_new (text, strlen (text));
  HbEvent event = {
    .kind = HB_EVENT_MESSAGE,
    .serial = self->link.serial,
    .message.bytes = bytes,
    .message.opcode = dice_roll (self->dice, 4) == 3 ? HB_OPCODE_BINARY : HB_OPCODE_TEXT,
  };
  gint64 received_at = self->now;

  event.message.reply = judge (self, &event);
  if (hb_machine_would_deliver (&self->machine, &event) && !is_reply (self, &event))
    walk_expect_message (self, event.message.opcode, bytes);

  self->active_at = MAX (self->active_at, received_at);

  /* If no effect is being carried out, a message may be emitted without an effect. */
  if (self->n_drains > 0 || dice_roll (self->dice, 2) != 0)
    hb_machine_handle (&self->machine, received_at, &event);
  else if (hb_machine_deliver (&self->machine, received_at, &event))
    walk_emit_message (self, event.message.opcode, bytes);
}

void
walk_on_activity (Walk        *self,
                  HbEventKind  kind)
{
  self->active_at = self->now;
  handle_event (&self->machine, self->now, kind);
}

/* A message counts as unwritten until the kernel has all of it. */
guint
walk_get_n_unwritten (Walk *self)
{
  return (self->link.sent - self->link.written + 1) / 2;
}

void
walk_on_sent (Walk *self)
{
  HbSpan span = { self->link.sent, self->link.sent + 2, self->link.written };

  self->link.sent = span.end;
  handle_sent (&self->machine, self->now, &span);
}

void
walk_on_sent_directly (Walk             *self,
                       const HbOutgoing *message)
{
  HbSpan span = { self->link.sent, self->link.sent + 2, self->link.written };

  self->link.sent = span.end;
  hb_machine_on_sent_directly (&self->machine, self->now, message, &span, TRUE);
}

void
walk_on_written (Walk  *self,
                 guint  n_messages)
{
  self->link.written += 2 * n_messages - self->link.written % 2 * (n_messages > 0);
  walk_complete (self);
  handle_progress (&self->machine, self->now, self->link.written);
  finish (self);
}

/* The peer's TCP may acknowledge more bytes, perhaps up to the middle of a message, before the
 * event that reports these bytes as written. */
void
walk_on_acknowledged (Walk *self)
{
  Link *link = &self->link;
  guint n_most = link->sent - link->acknowledged;

  if (!link->can_acknowledge || !link->exists || link->serial != self->machine.serial)
    return;

  link->acknowledged += dice_roll (self->dice, MIN (n_most, 20) + 1);
  link->written = MAX (link->written, link->acknowledged);
  walk_complete (self);
  handle_acknowledged (&self->machine, self->now, link->acknowledged,
                       dice_roll (self->dice, 4) * 20000);
  finish (self);
}

void
walk_on_blocked (Walk *self)
{
  self->link.room = 0;
  handle_event (&self->machine, self->now, HB_EVENT_BLOCKED);
  finish (self);
}

void
walk_on_writable (Walk *self)
{
  self->link.room = dice_roll (self->dice, 2) == 0 ? G_MAXUINT : dice_roll (self->dice, 4);
  walk_on_activity (self, HB_EVENT_WRITABLE);
  finish (self);
}

/* Returns: (transfer full) (nullable) */
static GError *
make_error (Walk *self)
{
  switch (dice_roll (self->dice, 8))
    {
    case 0:
    case 1:
      return NULL;
    case 2:
      /* This error closes the task, so it must be rare. */
      return g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG, "Too big");
    case 3:
    case 4:
    case 5:
      return g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "No handshake");
    default:
      return g_error_new_literal (g_quark_from_static_string ("network"), 1, "No network");
    }
}

void
walk_on_lost (Walk *self)
{
  static const guint codes[] = { 1006, 1000, 1001, 1009, 1012, 4000 };
  static const guint statuses[] = { 0, 200, 404, 429, 503 };
  g_autoptr (GError) error = make_error (self);
  HbLoss loss = {
    .error = error,
    .code = codes[dice_roll (self->dice, G_N_ELEMENTS (codes))],
    .http_status = statuses[dice_roll (self->dice, G_N_ELEMENTS (statuses))],
    .retry_after = dice_one_in (self->dice, 8) ? 5000 : dice_roll (self->dice, 5),
    .by_peer = dice_roll (self->dice, 4) != 0,
  };
  gboolean is_ended = self->link.serial == self->machine.serial;

  walk_take_in (self);
  if (self->link.is_open)
    walk_on_acknowledged (self);

  /* A permanent error closes the task, so it must be rare. */
  loss.is_permanent = error != NULL && loss.code == 1006 && loss.http_status == 404;

  /* Some links end in the middle of a message. */
  if (self->link.is_open && walk_get_n_unwritten (self) > 0 && self->link.written % 2 == 0
      && dice_roll (self->dice, 2) == 0)
    handle_progress (&self->machine, self->now, self->link.written + 1);

  handle_lost (&self->machine, self->now, &loss);
  g_assert_true (!is_ended || self->machine.state == HB_STATE_WAITING
                 || self->machine.state == HB_STATE_CLOSED);
  finish (self);
}

void
walk_on_network (Walk *self)
{
  handle_event (&self->machine, self->now, HB_EVENT_NETWORK);
  finish (self);
}

void
walk_on_yielded (Walk *self)
{
  if (!self->is_yielding)
    return;

  self->is_yielding = FALSE;
  hb_machine_on_yielded (&self->machine);
}

void
walk_tick (Walk     *self,
           gboolean  held_up)
{
  const HbSettings *settings = &self->machine.settings;

  walk_take_in (self);
  handle_tick (&self->machine, self->now, held_up ? HB_READING_HELD_UP : HB_READING_DONE);

  if (self->machine.metrics.pong_timeouts > self->n_pong_timeouts)
    {
      self->n_pong_timeouts++;
      g_assert_false (held_up);
      g_assert_cmpuint (settings->pong_timeout, >, 0);
      if (settings->liveness != HB_LIVENESS_REPLY)
        g_assert_cmpint (self->now - self->active_at, >=, hb_milliseconds (settings->pong_timeout));
    }

  finish (self);
}
