/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "effect-string.h"
#include "hb-machine-steps-private.h"
#include "machine-fixture.h"
#include "machine-events.h"

/* The monotonic time of a computer that was started an hour ago */
#define STARTED_AT (3600 * G_TIME_SPAN_SECOND)

void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  hb_machine_init (&fixture->machine, 1);
  fixture->machine.settings.uri = g_strdup ("ws://example.com/");
  fixture->now = STARTED_AT;
  fixture->started_at = STARTED_AT;
  fixture->stamp = STARTED_AT;
  fixture->room = G_MAXUINT;
  fixture->own_delay = -1;
  fixture->wire = g_string_new (NULL);
  fixture->log = g_string_new (NULL);
  fixture->resolved = g_ptr_array_new ();
}

void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  fixture->handler = NULL;
  assert_effects (fixture, "");
  hb_machine_clear (&fixture->machine);
  g_clear_pointer (&fixture->error, g_free);
  g_clear_pointer (&fixture->close_reason, g_free);
  g_clear_pointer (&fixture->message, g_bytes_unref);
  g_string_free (fixture->wire, TRUE);
  g_string_free (fixture->log, TRUE);
  g_ptr_array_unref (fixture->resolved);
}

void
set_text (char       **setting,
          const char  *text)
{
  g_free (*setting);
  *setting = g_strdup (text);
}

static char *
error_to_string (const GError *error)
{
  GEnumClass *errors;
  char *string;

  if (error->domain != HB_ERROR)
    return g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);

  errors = g_type_class_ref (HB_TYPE_ERROR);
  string = g_strdup (g_enum_get_value (errors, error->code)->value_nick);
  g_type_class_unref (errors);

  return string;
}

/* Returns the word of effect_to_string (), but with the names of this library's errors, and with
 * the tickets of completed calls. */
static char *
to_string (const HbEffect *effect)
{
  g_autofree char *plain = NULL;
  g_autofree char *error = NULL;

  if (effect->kind == HB_EFFECT_ERROR)
    {
      error = error_to_string (effect->error);
      return g_strdup_printf ("error:%s", error);
    }

  plain = effect_to_string (effect);
  if (effect->kind != HB_EFFECT_RESOLVE)
    return g_steal_pointer (&plain);

  if (effect->resolve.outcome != HB_OUTCOME_FAILED)
    return g_strdup_printf ("%s(%s)", plain, (const char *) effect->resolve.ticket);

  error = error_to_string (effect->resolve.error);
  return g_strdup_printf ("resolve:failed:%s(%s)", error, (const char *) effect->resolve.ticket);
}

/* If messages are left, the link is blocked. Unless the test has set `holds_writes`, the sent
 * messages are also written to the kernel. */
static void
transmit (Fixture *fixture)
{
  HbMachine *machine = &fixture->machine;
  const HbOutgoing *message;
  guint n_taken = 0;

  while (fixture->room > 0
         && (message = hb_machine_take_message (machine, fixture->now)) != NULL)
    {
      HbSpan span = { fixture->sent, fixture->sent + 2, fixture->written };

      g_assert_true (fixture->has_link);

      add_payload (fixture->wire, message);
      fixture->room -= fixture->room != G_MAXUINT;
      fixture->sent = span.end;
      handle_sent (machine, fixture->now, &span);
      n_taken++;
    }

  if (hb_outbox_can_transmit (&machine->outbox))
    handle_event (machine, fixture->now, HB_EVENT_BLOCKED);

  if (!fixture->holds_writes && n_taken > 0)
    written (fixture, n_taken);
}

static void
send_request (Fixture *fixture)
{
  g_assert_false (fixture->has_requested);
  fixture->has_requested = hb_machine_on_requested (&fixture->machine, fixture->now);
}

/* Carries out the part of an effect that comes before its handler. Returns FALSE if the effect is
 * not logged: a release, or an effect that no longer applies, for example that of an earlier
 * attempt. */
static gboolean
carry_out (Fixture        *fixture,
           const HbEffect *effect)
{
  switch (effect->kind)
    {
    case HB_EFFECT_DROP:
      fixture->has_link = FALSE;
      return TRUE;

    case HB_EFFECT_CONNECT:
      if (!hb_machine_is_current (&fixture->machine, effect)
          || !hb_machine_on_announcing (&fixture->machine, fixture->now))
        return FALSE;
      g_assert_false (fixture->has_link);
      fixture->has_link = TRUE;
      fixture->has_requested = FALSE;
      fixture->sent = fixture->written = fixture->acknowledged = 0;
      return TRUE;

    case HB_EFFECT_REQUEST:
      if (!hb_machine_is_current (&fixture->machine, effect))
        return FALSE;
      send_request (fixture);
      return TRUE;

    case HB_EFFECT_RECONNECT:
      return hb_machine_is_current (&fixture->machine, effect);

    case HB_EFFECT_OPEN:
      g_assert_false (fixture->has_opened);
      fixture->has_opened = TRUE;
      return TRUE;

    case HB_EFFECT_CLOSE:
      g_assert_true (fixture->has_opened);
      fixture->has_opened = FALSE;
      g_free (fixture->close_reason);
      fixture->close_reason = g_strdup (effect->close.reason);
      return TRUE;

    case HB_EFFECT_ERROR:
      set_text (&fixture->error, effect->error->message);
      return TRUE;

    case HB_EFFECT_MESSAGE:
      g_clear_pointer (&fixture->message, g_bytes_unref);
      fixture->message = g_bytes_ref (effect->message.bytes);
      return TRUE;

    case HB_EFFECT_RELEASE:
      return FALSE;

    case HB_EFFECT_RESOLVE:
      if (effect->resolve.outcome == HB_OUTCOME_NONE)
        return TRUE;
      g_assert_false (g_ptr_array_find (fixture->resolved, effect->resolve.ticket, NULL));
      g_ptr_array_add (fixture->resolved, effect->resolve.ticket);
      return TRUE;

    case HB_EFFECT_TRANSMIT:
    case HB_EFFECT_QUERY:
    case HB_EFFECT_PING:
    case HB_EFFECT_SHUT_DOWN:
    case HB_EFFECT_READ:
    case HB_EFFECT_YIELD:
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_DRAIN:
      return TRUE;

    default:
      g_assert_not_reached ();
    }
}

static void
add_to_log (Fixture    *fixture,
            const char *effect)
{
  if (fixture->log->len > 0)
    g_string_append_c (fixture->log, ' ');

  if (fixture->stamped && fixture->now != fixture->stamp)
    {
      fixture->stamp = fixture->now;
      g_string_append_printf (fixture->log, "@%" G_GINT64_FORMAT " ",
                              (fixture->now - fixture->started_at) / G_TIME_SPAN_MILLISECOND);
    }

  g_string_append (fixture->log, effect);
}

/* Carries out all effects, including those that result from others, and runs the handler for each
 * one that is logged. */
void
drain (Fixture *fixture)
{
  HbEffect effect;

  while (hb_machine_pop_effect (&fixture->machine, &effect))
    {
      g_autofree char *string = NULL;

      if (effect.kind == HB_EFFECT_RECONNECT && fixture->own_delay >= 0
          && hb_machine_is_current (&fixture->machine, &effect))
        hb_machine_set_delay (&fixture->machine, &effect, fixture->own_delay);

      string = to_string (&effect);
      if (carry_out (fixture, &effect))
        {
          add_to_log (fixture, string);
          if (fixture->handler != NULL)
            fixture->handler (fixture, string);
        }

      if (effect.kind == HB_EFFECT_CONNECT
          && hb_machine_on_announced (&fixture->machine, &effect))
        send_request (fixture);
      else if (effect.kind == HB_EFFECT_OPEN)
        hb_machine_on_greeted (&fixture->machine, effect.serial);
      else if (effect.kind == HB_EFFECT_TRANSMIT)
        transmit (fixture);
      else if (effect.kind == HB_EFFECT_PING && fixture->has_link && !fixture->holds_pings)
        hb_machine_on_pinged (&fixture->machine, fixture->now);
      else if (effect.kind == HB_EFFECT_MESSAGE)
        hb_machine_on_given (&fixture->machine, fixture->now);
      else if (effect.kind == HB_EFFECT_RESOLVE && effect.resolve.outcome == HB_OUTCOME_RECEIVED)
        g_atomic_int_add (&fixture->machine.inbox.n_returning, -1);

      hb_effect_clear (&effect);
    }
}

/* Carries out all effects, and clears the log and the wire. */
void
forget (Fixture *fixture)
{
  drain (fixture);
  g_string_truncate (fixture->log, 0);
  g_string_truncate (fixture->wire, 0);
}

/* Advances the time, and handles a tick at each deadline. */
void
advance (Fixture *fixture,
         guint    milliseconds)
{
  gint64 end = fixture->now + hb_milliseconds (milliseconds);
  guint n_ticks = 0;

  drain (fixture);

  while (hb_machine_get_deadline (&fixture->machine) <= end)
    {
      gint64 deadline = hb_machine_get_deadline (&fixture->machine);

      /* A process would loop forever if its ticks left the deadline in the past. */
      n_ticks = deadline > fixture->now ? 0 : n_ticks + 1;
      g_assert_cmpuint (n_ticks, <, 10);

      fixture->now = MAX (fixture->now, deadline);
      handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
      drain (fixture);
    }

  fixture->now = end;
}

/* Advances the time as if the process could not run, and then handles one tick. */
void
advance_late (Fixture *fixture,
              guint    milliseconds)
{
  drain (fixture);
  fixture->now += hb_milliseconds (milliseconds);
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
  drain (fixture);
}

void
start (Fixture *fixture)
{
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  forget (fixture);
}

void
start_open (Fixture *fixture)
{
  start (fixture);
  answer (fixture);
  forget (fixture);
}

/* Opens the first link, and advances the time until a ping is due. */
void
start_pinged (Fixture *fixture)
{
  start_open (fixture);
  advance (fixture, 15000);
  forget (fixture);
}

void
start_waiting (Fixture *fixture)
{
  start (fixture);
  lose_link (fixture);
  forget (fixture);
}

void
start_closing (Fixture    *fixture,
               const char *ticket)
{
  start_open (fixture);
  close_with (fixture, 1000, ticket);
  forget (fixture);
}

void
begin_closing (Fixture *fixture)
{
  start_closing (fixture, NULL);
}

static void
hold_in_connecting_cb (Fixture    *fixture,
                       const char *effect)
{
  if (g_str_equal (effect, "connect"))
    hb_machine_hold (&fixture->machine);
}

/* Starts an attempt that a handler for `connecting` holds. */
void
start_held (Fixture *fixture)
{
  fixture->handler = hold_in_connecting_cb;
  start (fixture);
  fixture->handler = NULL;
  g_assert_true (fixture->has_link);
  g_assert_false (fixture->has_requested);
}

/* Lets the server accept the handshake. */
void
answer (Fixture *fixture)
{
  drain (fixture);
  handle_opened (&fixture->machine, fixture->now, !fixture->cannot_acknowledge, 0);
  drain (fixture);
}

void
receive (Fixture    *fixture,
         const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  handle_message (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes);
}

/* Ends the link without a close frame. */
void
lose_link (Fixture *fixture)
{
  lose_link_with (fixture, 0, 0);
}

/* @retry_after: in seconds */
void
lose_link_with (Fixture *fixture,
                guint    http_status,
                guint    retry_after)
{
  HbLoss loss = { .code = 1006, .http_status = http_status, .retry_after = retry_after };

  drain (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);
}

/* Only the effects of the opening remain in the log. */
void
reconnect (Fixture *fixture)
{
  lose_link (fixture);
  advance (fixture, 2000);
  forget (fixture);
  answer (fixture);
}

/* If @in_message is TRUE, a part of the next message is written before the end. */
void
lose_by_peer (Fixture  *fixture,
              guint     code,
              gboolean  in_message)
{
  HbLoss loss = { .code = code, .by_peer = TRUE };

  drain (fixture);
  if (in_message)
    handle_progress (&fixture->machine, fixture->now, fixture->written + 1);
  handle_lost (&fixture->machine, fixture->now, &loss);
}

void
close_with (Fixture    *fixture,
            guint       code,
            const char *ticket)
{
  g_autoptr (GError) error = NULL;

  hb_machine_close (&fixture->machine, fixture->now, code, NULL, (gpointer) ticket, &error);
  g_assert_no_error (error);
}

void
check (Fixture *fixture)
{
  hb_machine_check (&fixture->machine, fixture->now);
}

void
change_network (Fixture *fixture)
{
  handle_event (&fixture->machine, fixture->now, HB_EVENT_NETWORK);
}

void
reconnect_now (Fixture *fixture)
{
  hb_machine_reconnect_now (&fixture->machine, fixture->now);
}

void
reconnect_later (Fixture *fixture)
{
  hb_machine_reconnect_later (&fixture->machine, fixture->now);
}

void
test_case (Fixture       *fixture,
           gconstpointer  data)
{
  const Case *row = data;

  g_test_summary ("The state decides which effects a call or an event has");

  if (row->enter != NULL)
    row->enter (fixture);
  advance (fixture, row->passed);
  forget (fixture);
  row->act (fixture);

  assert_effects (fixture, row->effects);
  assert_state (fixture, row->state);
  assert_deadline (fixture, row->deadline);
  g_assert_cmpuint (fixture->machine.attempt, ==, row->attempt);
  g_assert_true ((hb_machine_get_attempt_at (&fixture->machine) != HB_NEVER)
                 == (row->state == HB_STATE_WAITING));
}

/* The real driver transmits a message within the call that sends it, if the link accepts the
 * message. The fixture transmits it in the next drain (), so that the log contains `transmit`. */
gboolean
send_full (Fixture      *fixture,
           const char   *text,
           HbSendFlags   flags,
           const char   *ticket,
           GError      **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  HbOutgoing message = {
    .bytes = bytes,
    .ticket = (gpointer) ticket,
    .opcode = HB_OPCODE_TEXT,
    .is_volatile = (flags & HB_SEND_FLAGS_VOLATILE) != 0,
    .is_this_link = (flags & HB_SEND_FLAGS_THIS_LINK) != 0,
  };

  if (!hb_machine_send (&fixture->machine, fixture->now, &message, NULL, error))
    return FALSE;

  hb_machine_pump (&fixture->machine);
  return TRUE;
}

void
send_text (Fixture    *fixture,
           const char *text)
{
  send_ticket (fixture, text, NULL);
}

void
send_ticket (Fixture    *fixture,
             const char *text,
             const char *ticket)
{
  g_autoptr (GError) error = NULL;

  send_full (fixture, text, HB_SEND_FLAGS_DEFAULT, ticket, &error);
  g_assert_no_error (error);
}

void
written (Fixture *fixture,
         guint    n_messages)
{
  fixture->written = MIN (fixture->written + 2 * n_messages, fixture->sent);
  handle_progress (&fixture->machine, fixture->now, fixture->written);
}

void
acknowledged (Fixture *fixture,
              guint    n_messages)
{
  fixture->acknowledged = MIN (fixture->acknowledged + 2 * n_messages, fixture->written);
  handle_acknowledged (&fixture->machine, fixture->now, fixture->acknowledged, 0);
}

char *
take_queue (Fixture *fixture)
{
  HbDeque taken;

  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_machine_take_queue (&fixture->machine, fixture->now, &taken);

  return taken_to_string (&taken);
}

gint64
get_deadline (Fixture *fixture)
{
  gint64 deadline = hb_machine_get_deadline (&fixture->machine);

  return deadline == HB_NEVER ? -1 : (deadline - fixture->now) / G_TIME_SPAN_MILLISECOND;
}

/* Makes attempts fail, and waits for each reconnect delay except the last. Returns the last delay
 * in milliseconds. */
gint64
fail_attempts (Fixture *fixture,
               guint    n_attempts)
{
  gint64 delay = 0;

  for (; n_attempts > 0; n_attempts--)
    {
      lose_link (fixture);
      drain (fixture);
      delay = get_deadline (fixture);
      if (n_attempts > 1)
        advance (fixture, delay);
    }

  forget (fixture);

  return delay;
}
