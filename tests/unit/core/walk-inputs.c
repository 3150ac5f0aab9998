/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "effect-string.h"
#include "tell.h"
#include "walk-private.h"

/* All inputs of a machine, each with what the model makes of it. */

void
walk_assert_same (Walk *self)
{
  HbMachine *machine = &self->machine;

  g_assert_cmpint (machine->state, ==, self->model.state);
  g_assert_cmpuint (machine->serial, ==, self->model.serial);
  g_assert_cmpuint (machine->attempt, ==, self->model.attempt);
  g_assert_cmpuint (machine->holds, ==, self->model.holds);
  g_assert_cmpuint (hb_outbox_get_buffered (&machine->outbox), ==, self->ledger.amount);
  g_assert_cmpuint (hb_outbox_get_n_queued (&machine->outbox), ==,
                    ledger_get_unhanded (&self->ledger));
  g_assert_cmpuint (machine->outbox.queue.n_unacknowledged, ==,
                    ledger_get_unacknowledged (&self->ledger));
}

/* Ends each input. */
static void
finish (Walk *self)
{
  walk_assert_same (self);
  walk_show_state (self);
}

/* Half of the calls that may have one have a ticket. */
gpointer
walk_start_call (Walk     *self,
                 CallKind  kind)
{
  if (self->ledger.calls->len >= MAX_CALLS || dice_roll (self->dice, 2) == 0)
    return NULL;

  return ledger_start_call (&self->ledger, kind);
}

static void
set_text (char       **setting,
          const char  *text)
{
  g_free (*setting);
  *setting = g_strdup (text);
}

/* A setting with which no attempt can be made, once in a while */
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

void
walk_set_settings (Walk *self)
{
  HbSettings *settings = &self->machine.settings;
  Dice *dice = self->dice;

  switch (dice_roll (dice, 11))
    {
    case 0:
      settings->ping_timeout = dice_roll (dice, 20) * 1000;
      settings->pong_timeout = dice_roll (dice, 10) * 1000;
      break;
    case 1:
      settings->liveness = dice_roll (dice, 3);
      settings->heartbeat_mode = dice_roll (dice, 2);
      set_text (&settings->pong_message, dice_roll (dice, 2) == 0 ? "pong" : NULL);
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
      settings->connect_timeout = dice_roll (dice, 10) * 1000;
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
      walk_set_paused (self, dice_roll (dice, 3) == 0);
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
  model_apply_settings (self);
  if (settings->queue_timeout > 0)
    walk_start_ages (self);
  finish (self);
}

void
walk_open (Walk *self)
{
  gpointer ticket = walk_start_call (self, CALL_OPEN);

  /* A task that another context may be about to adopt has been seen to refuse messages. */
  g_assert_true (self->model.state != HB_STATE_CLOSED || !walk_has_batch (self));
  hb_machine_open (&self->machine, self->now, ticket);
  model_open (self, ticket);
  finish (self);
}

void
walk_close (Walk *self)
{
  static const guint codes[] = { 1000, 1001, 3000, 4999, 0, 1005, 1012, 1011 };
  guint code = codes[dice_roll (self->dice, G_N_ELEMENTS (codes))];
  gpointer ticket = walk_start_call (self, CALL_CLOSE);
  gboolean is_good = code != 1011;
  GError *error = NULL;

  walk_take_in (self);
  g_assert_true (is_good == hb_machine_close (&self->machine, self->now, code, "bye", ticket,
                                              &error));
  if (is_good)
    {
      model_close (self);
    }
  else
    {
      /* Where no call waits for it, the driver makes a signal of it. */
      g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
      g_error_free (error);
      ledger_forget_call (&self->ledger, ticket);
    }

  finish (self);
}

void
walk_reconnect_now (Walk *self)
{
  walk_take_in (self);
  hb_machine_reconnect_now (&self->machine, self->now);
  model_reconnect_now (self);
  finish (self);
}

void
walk_reconnect_later (Walk *self)
{
  walk_take_in (self);
  hb_machine_reconnect_later (&self->machine, self->now);
  model_reconnect_later (self);
  finish (self);
}

void
walk_check (Walk *self)
{
  hb_machine_check (&self->machine, self->now);
  model_check (self);
  finish (self);
}

void
walk_mark_ready (Walk *self)
{
  hb_machine_mark_ready (&self->machine, self->now);
  model_mark_ready (self);
  finish (self);
}

/* Returns whether the ping goes out. */
gboolean
walk_on_pinged (Walk *self)
{
  gboolean may_go = self->model.state != HB_STATE_OPEN || model_may_ping (self);

  g_assert_true (hb_machine_on_pinged (&self->machine, self->now) == may_go);
  if (may_go)
    model_on_pinged (self);

  return may_go;
}

/* Returns whether there is a request to show. */
gboolean
walk_on_announcing (Walk *self)
{
  gboolean is_made = hb_machine_on_announcing (&self->machine, self->now);

  g_assert_true (is_made == model_on_announcing (self));
  finish (self);

  return is_made;
}

/* Returns whether the request goes out. */
gboolean
walk_on_requested (Walk *self)
{
  gboolean goes_out = hb_machine_on_requested (&self->machine, self->now);

  g_assert_true (goes_out == model_on_requested (self));
  finish (self);

  return goes_out;
}

void
walk_hold (Walk *self)
{
  hb_machine_hold (&self->machine);
  model_hold (self);
  finish (self);
}

void
walk_release (Walk *self)
{
  gboolean was_held = self->model.holds > 0;

  g_assert_true (hb_machine_release (&self->machine, self->now) == was_held);
  model_release (self);
  finish (self);
}

/* Each message is its own number, so that none is like another. */
GBytes *
walk_make_bytes (Walk     *self,
                 gboolean  is_good)
{
  char text[16];

  self->n_numbers++;
  g_snprintf (text, sizeof text, is_good ? "%u" : "%u\xff", self->n_numbers);

  return g_bytes_new (text, strlen (text));
}

/* As the driver: a volatile message is for a link that takes it now. */
static void
probe (Walk *self)
{
  if (self->link.exists && self->link.room == 0)
    walk_on_blocked (self);
}

/* The driver reads the clock only where messages have an age. */
static gint64
get_age (Walk *self)
{
  return self->machine.settings.queue_timeout > 0 ? self->now : HB_NEVER;
}

/* What has expired makes room first. */
static int
accept (Walk             *self,
        const HbOutgoing *message,
        gboolean         *tells)
{
  model_expire (self);

  return ledger_accept (&self->ledger, &self->machine.settings, get_age (self), message, tells);
}

void
walk_send (Walk *self)
{
  gboolean is_good = !dice_one_in (self->dice, 30);
  gboolean is_volatile = dice_one_in (self->dice, 6);
  gboolean is_this_link = dice_one_in (self->dice, 4);
  g_autoptr (GBytes) bytes = walk_make_bytes (self, is_good);
  HbOutgoing message = {
    .bytes = bytes,
    .opcode = is_good && dice_roll (self->dice, 2) == 0 ? HB_OPCODE_BINARY : HB_OPCODE_TEXT,
    .is_volatile = is_volatile,
    .is_this_link = is_this_link,
    .delivery = self->machine.settings.delivery,
  };
  gboolean has_room = self->link.exists && self->link.room > 0;
  const HbOutgoing *taken = NULL;
  g_autoptr (GError) error = NULL;
  gboolean tells = FALSE;
  int expected;

  if (self->ledger.line->len >= MAX_LINE)
    return;

  walk_take_in (self);
  message.ticket = walk_start_call (self, CALL_SEND);
  if (is_volatile)
    probe (self);
  if (hb_machine_needs_room (&self->machine, g_bytes_get_size (bytes)))
    walk_on_acknowledged (self);

  hb_machine_send (&self->machine, get_age (self), message.opcode, bytes,
                   (is_volatile ? HB_SEND_FLAGS_VOLATILE : 0)
                   | (is_this_link ? HB_SEND_FLAGS_THIS_LINK : 0),
                   message.ticket, has_room ? &taken : NULL, &error);

  if (self->model.state == HB_STATE_CLOSED || self->model.state == HB_STATE_CLOSING)
    expected = HB_ERROR_CLOSED;
  else if (!is_good)
    expected = HB_ERROR_INVALID_ARGUMENT;
  else
    expected = accept (self, &message, &tells);

  if (expected == NO_ERROR)
    g_assert_no_error (error);
  else
    g_assert_error (error, HB_ERROR, expected);

  if (expected != NO_ERROR)
    ledger_forget_call (&self->ledger, message.ticket);
  if (tells)
    model_owe (self, &(Owed) { .kind = HB_EFFECT_ERROR, .error = HB_ERROR_QUEUE_FULL });

  if (taken == NULL)
    finish (self);
  walk_transmit_now (self, taken);
}

void
walk_flush (Walk *self)
{
  gpointer ticket;

  if (self->ledger.calls->len >= MAX_CALLS)
    return;

  walk_take_in (self);
  ticket = ledger_start_call (&self->ledger, CALL_FLUSH);
  hb_machine_flush (&self->machine, ticket);
  ledger_flush (&self->ledger, ticket);
}

void
walk_take_queue (Walk *self)
{
  HbDeque taken;

  walk_take_in (self);
  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_machine_take_queue (&self->machine, self->now, &taken);
  model_expire (self);
  ledger_take_queue (&self->ledger, &taken);
  finish (self);
  g_free (taken_to_string (&taken));
}

/* A call that is over, and not reported yet, may be cancelled too. */
void
walk_cancel (Walk *self)
{
  gpointer ticket;

  if (self->ledger.calls->len == 0)
    return;

  walk_take_in (self);
  ticket = ledger_pick_call (&self->ledger, dice_roll (self->dice, self->ledger.calls->len));
  hb_machine_cancel (&self->machine, self->now, ticket);

  if (!ledger_is_waiting (&self->ledger, ticket))
    return;

  switch (ledger_get_kind (&self->ledger, ticket))
    {
    case CALL_OPEN:
      ledger_expect_call (&self->ledger, ticket, HB_OUTCOME_CANCELLED, NO_ERROR);
      model_close (self);
      break;
    case CALL_CLOSE:
    case CALL_RECEIVE:
      ledger_expect_call (&self->ledger, ticket, HB_OUTCOME_CANCELLED, NO_ERROR);
      break;
    case CALL_SEND:
    case CALL_FLUSH:
      ledger_withdraw (&self->ledger, ticket);
      break;
    default:
      g_assert_not_reached ();
    }

  finish (self);
}

void
walk_dispose (Walk *self)
{
  walk_take_in (self);
  hb_machine_dispose (&self->machine, self->now);
  model_dispose (self);
  self->link.exists = FALSE;
  finish (self);
}

void
walk_on_opened (Walk *self)
{
  gboolean can_acknowledge = dice_roll (self->dice, 4) != 0;

  self->link.is_open = TRUE;
  self->link.room = G_MAXUINT;
  tell_opened (&self->machine, self->now, can_acknowledge, dice_roll (self->dice, 4) * 20000);
  model_on_opened (self, 101, can_acknowledge);
  finish (self);
}

void
walk_on_greeted (Walk  *self,
                 guint  serial)
{
  hb_machine_on_greeted (&self->machine, serial);
  model_on_greeted (self, serial);
  finish (self);
}

/* The application's own function judges every other message, as the driver asks it: after what has
 * come before, and with handlers in it. Meanwhile the link delivers nothing. */
static HbReply
judge (Walk          *self,
       const HbEvent *event)
{
  guint judged_serial = self->judged_serial;
  gboolean is_delivered;

  if (dice_roll (self->dice, 2) == 0)
    return HB_REPLY_UNJUDGED;

  walk_drain (self);
  is_delivered = self->model.state == HB_STATE_OPEN && self->model.serial == event->serial;
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

/* The message has the time at which it was received. */
static void
handle_message (Walk          *self,
                const HbEvent *event,
                gint64         received_at)
{
  gint64 now = self->now;
  gboolean is_alone = FALSE;

  self->now = received_at;

  /* Where nothing else is being carried out, a message may be emitted without an effect. */
  if (self->n_drains == 0 && dice_roll (self->dice, 2) == 0)
    is_alone = hb_machine_deliver (&self->machine, self->now, event);
  else
    hb_machine_handle (&self->machine, self->now, event);

  if (event->serial == self->model.serial)
    model_on_message (self, event->message.opcode, event->message.bytes, event->message.reply);

  self->now = now;
  if (is_alone)
    walk_emit_message (self, event->message.opcode, event->message.bytes);
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
  gint64 now = self->now;

  event.message.reply = judge (self, &event);
  handle_message (self, &event, now);
}

void
walk_on_pong (Walk *self)
{
  tell (&self->machine, self->now, HB_EVENT_PONG);
  model_on_pong (self);
}

/* How many messages are in the link that the kernel does not have whole */
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
  tell_sent (&self->machine, self->now, &span);
}

void
walk_on_written (Walk  *self,
                 guint  n_messages)
{
  self->link.written += 2 * n_messages - self->link.written % 2 * (n_messages > 0);
  tell_progress (&self->machine, self->now, self->link.written);
  ledger_on_written (&self->ledger, self->link.written / 2);
  finish (self);
}

/* The peer's TCP has acknowledged some more, which may end in the midst of a message. No event may
 * have reported yet that the kernel has as much. */
void
walk_on_acknowledged (Walk *self)
{
  Link *link = &self->link;
  guint n_most = link->sent - link->acknowledged;

  if (!self->ledger.can_acknowledge || !link->exists || link->serial != self->machine.serial)
    return;

  link->acknowledged += dice_roll (self->dice, MIN (n_most, 20) + 1);
  link->written = MAX (link->written, link->acknowledged);
  tell_acknowledged (&self->machine, self->now, link->acknowledged,
                     dice_roll (self->dice, 4) * 20000);
  ledger_on_acknowledged (&self->ledger, link->acknowledged / 2);
  finish (self);
}

void
walk_on_activity (Walk *self)
{
  tell (&self->machine, self->now, HB_EVENT_ACTIVITY);
  model_on_activity (self);
}

void
walk_on_blocked (Walk *self)
{
  self->link.room = 0;
  tell (&self->machine, self->now, HB_EVENT_BLOCKED);
  ledger_on_blocked (&self->ledger);
  finish (self);
}

void
walk_on_writable (Walk *self)
{
  self->link.room = dice_roll (self->dice, 2) == 0 ? G_MAXUINT : dice_roll (self->dice, 4);
  tell (&self->machine, self->now, HB_EVENT_WRITABLE);

  model_on_activity (self);
  if (model_has_open_link (self))
    self->ledger.blocked = FALSE;

  finish (self);
}

static GError *
make_error (Walk *self,
            Loss *loss)
{
  switch (dice_roll (self->dice, 4))
    {
    case 0:
      loss->error = NO_ERROR;
      return NULL;
    case 1:
      loss->error = HB_ERROR_HANDSHAKE;
      return g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "No handshake");
    case 2:
      loss->error = ANY_ERROR;
      return g_error_new_literal (g_quark_from_static_string ("network"), 1, "No network");
    default:
      /* One that ends it all, so not as often */
      if (dice_roll (self->dice, 4) != 3)
        return make_error (self, loss);
      loss->error = HB_ERROR_MESSAGE_TOO_BIG;
      return g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG, "Too big");
    }
}

void
walk_on_lost (Walk *self)
{
  static const guint codes[] = { 1006, 1000, 1001, 1009, 1012, 4000 };
  static const guint statuses[] = { 0, 200, 404, 429, 503 };
  Loss model_loss = { 0 };
  g_autoptr (GError) error = make_error (self, &model_loss);
  HbLoss loss = {
    .error = error,
    .code = codes[dice_roll (self->dice, G_N_ELEMENTS (codes))],
    .http_status = statuses[dice_roll (self->dice, G_N_ELEMENTS (statuses))],
    .retry_after = dice_one_in (self->dice, 8) ? 5000 : dice_roll (self->dice, 5),
    .by_peer = model_loss.error == NO_ERROR && dice_roll (self->dice, 4) != 0,
  };

  walk_take_in (self);
  if (self->link.is_open)
    walk_on_acknowledged (self);

  /* Not often, because it ends the task */
  loss.is_permanent = error != NULL && loss.code == 1006 && loss.http_status == 404;
  model_loss.is_permanent = loss.is_permanent;
  model_loss.code = loss.code;
  model_loss.http_status = loss.http_status;
  model_loss.retry_after = loss.retry_after;
  model_loss.by_peer = loss.by_peer;
  model_loss.in_message = self->link.is_open && walk_get_n_unwritten (self) > 0
                          && (self->link.written % 2 == 1 || dice_roll (self->dice, 2) == 0);
  if (model_loss.in_message && self->link.written % 2 == 0)
    tell_progress (&self->machine, self->now, self->link.written + 1);

  tell_lost (&self->machine, self->now, &loss);
  model_on_lost (self, &model_loss);
  finish (self);
}

void
walk_on_network (Walk *self)
{
  tell (&self->machine, self->now, HB_EVENT_NETWORK);
  model_on_network (self);
  finish (self);
}

void
walk_tick (Walk     *self,
           gboolean  held_up)
{
  walk_take_in (self);
  tell_tick (&self->machine, self->now, held_up ? HB_READING_HELD_UP : HB_READING_DONE);
  model_tick (self, held_up);
  finish (self);
}
