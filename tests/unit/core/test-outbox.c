/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "effect-string.h"
#include "hb-error.h"
#include "hb-outbox-private.h"

/* An outbox with room for ten bytes. Its link is open and cannot report acknowledgements. */
typedef struct
{
  HbOutbox   outbox;
  HbEffects  effects;
  HbMetrics  metrics;
  HbSettings settings;
  guint64    sent;    /* the position after all sent messages; each is two positions long */
  guint64    written; /* the position after all messages that the kernel has accepted */
} Fixture;

static void
opened (Fixture *fixture)
{
  fixture->sent = 0;
  fixture->written = 0;
  hb_outbox_on_opened (&fixture->outbox, TRUE, FALSE, 0);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_effects_init (&fixture->effects);
  hb_outbox_init (&fixture->outbox, &fixture->effects, &fixture->metrics);
  fixture->settings.max_buffered_amount = 10;
  opened (fixture);
  hb_outbox_on_greeted (&fixture->outbox);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_outbox_clear (&fixture->outbox);
  hb_effects_clear (&fixture->effects);
}

static gboolean
send_full (Fixture     *fixture,
           const char  *text,
           gboolean     is_volatile,
           const char  *ticket,
           GError     **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  HbOutgoing message = {
    .bytes = bytes,
    .ticket = (gpointer) ticket,
    .opcode = HB_OPCODE_TEXT,
    .is_volatile = is_volatile,
  };

  return hb_outbox_accept (&fixture->outbox, &fixture->settings, &message, NULL, error);
}

static void
send_text (Fixture    *fixture,
           const char *text)
{
  g_autoptr (GError) error = NULL;

  send_full (fixture, text, FALSE, NULL, &error);
  g_assert_no_error (error);
}

static void
send_ticket (Fixture    *fixture,
             const char *text,
             const char *ticket)
{
  g_autoptr (GError) error = NULL;

  send_full (fixture, text, FALSE, ticket, &error);
  g_assert_no_error (error);
}

static void
assert_refuses (Fixture    *fixture,
                const char *text,
                gboolean    is_volatile,
                HbError     code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (send_full (fixture, text, is_volatile, "refused", &error));
  g_assert_error (error, HB_ERROR, (int) code);
}

/* Takes a message, and records its position in the link, as the driver does.
 *
 * Returns: (nullable) */
static const HbOutgoing *
take (Fixture *fixture)
{
  const HbOutgoing *message = hb_outbox_take (&fixture->outbox);
  HbSpan span = { fixture->sent, fixture->sent + 2, fixture->written };

  if (message == NULL)
    return NULL;

  fixture->sent = span.end;
  hb_outbox_on_sent (&fixture->outbox, 0, &span);

  return message;
}

static void
written (Fixture *fixture,
         guint    n_messages)
{
  fixture->written += 2 * n_messages;
  hb_outbox_on_progress (&fixture->outbox, 0, fixture->written);
}

static void
assert_takes (Fixture    *fixture,
              const char *expected)
{
  g_autoptr (GString) taken = g_string_new (NULL);
  const HbOutgoing *message;

  while ((message = take (fixture)) != NULL)
    add_payload (taken, message);

  g_assert_cmpstr (taken->str, ==, expected);
}

static void
assert_takes_back (Fixture    *fixture,
                   const char *expected)
{
  g_autofree char *string = NULL;
  HbDeque taken;

  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_outbox_take_queue (&fixture->outbox, &taken);
  string = taken_to_string (&taken);

  g_assert_cmpstr (string, ==, expected);
}

static void
assert_effects (Fixture    *fixture,
                const char *expected)
{
  g_autoptr (GString) effects = g_string_new (NULL);
  guint i;

  for (i = 0; i < fixture->effects.length; i++)
    {
      HbEffect *effect = hb_deque_peek (&fixture->effects, i);
      g_autofree char *string = effect_to_string (effect);

      add_word (effects, string);
      if (effect->kind == HB_EFFECT_RESOLVE)
        g_string_append_printf (effects, "(%s)", (const char *) effect->resolve.ticket);
    }

  g_assert_cmpstr (effects->str, ==, expected);
  hb_effects_clear (&fixture->effects);
}

static void
test_passes (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("On an open link, a message is sent, and no effect is pushed");

  send_text (fixture, "one");
  g_assert_true (hb_outbox_can_transmit (&fixture->outbox));
  assert_takes (fixture, "one");
  written (fixture, 1);

  g_assert_true (hb_queue_is_empty (&fixture->outbox.queue));
  assert_effects (fixture, "");
}

static void
test_buffered (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A message counts as buffered until it is written");

  send_text (fixture, "one");
  assert_takes (fixture, "one");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 3);

  written (fixture, 1);
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 0);
}

static void
test_ticket (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("The call that waits for a message completes when the message is written");

  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  assert_takes (fixture, "one two");
  assert_effects (fixture, "");

  written (fixture, 1);
  assert_effects (fixture, "resolve:done(first)");
  written (fixture, 1);
  assert_effects (fixture, "resolve:done(second)");
}

static void
test_keeps (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Without a link, messages are kept, and buffered-amount is notified");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_text (fixture, "one");

  g_assert_false (hb_outbox_can_transmit (&fixture->outbox));
  g_assert_null (hb_outbox_take (&fixture->outbox));
  g_assert_cmpuint (hb_outbox_get_n_queued (&fixture->outbox), ==, 1);
  assert_effects (fixture, "notify:buffered-amount");
}

static void
test_drain (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("When a backlog has been written, `drain` is emitted");

  hb_outbox_on_blocked (&fixture->outbox);
  send_text (fixture, "one");
  assert_effects (fixture, "notify:buffered-amount");

  hb_outbox_on_writable (&fixture->outbox);
  assert_takes (fixture, "one");
  written (fixture, 1);
  assert_effects (fixture, "notify:buffered-amount drain");
}

static void
test_drains_bit_by_bit (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("While a backlog is being sent, buffered-amount is notified each time messages "
                  "are written");

  hb_outbox_on_blocked (&fixture->outbox);
  send_text (fixture, "one");
  send_text (fixture, "two");
  send_text (fixture, "four");
  hb_outbox_on_writable (&fixture->outbox);
  assert_takes (fixture, "one two four");
  hb_effects_clear (&fixture->effects);

  written (fixture, 2);
  assert_effects (fixture, "notify:buffered-amount");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 4);
  written (fixture, 0);
  assert_effects (fixture, "");
  written (fixture, 1);
  assert_effects (fixture, "notify:buffered-amount drain");
}

static void
test_blocked (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A full link gets no message until it has room again");

  send_text (fixture, "one");
  hb_outbox_on_blocked (&fixture->outbox);
  g_assert_false (hb_outbox_can_transmit (&fixture->outbox));
  assert_takes (fixture, "");

  hb_outbox_on_writable (&fixture->outbox);
  g_assert_true (hb_outbox_can_transmit (&fixture->outbox));
  assert_takes (fixture, "one");
  assert_effects (fixture, "notify:buffered-amount");
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("A message that does not fit is refused, and the buffered messages stay");

  send_text (fixture, "12345");
  assert_refuses (fixture, "678901", FALSE, HB_ERROR_QUEUE_FULL);
  send_text (fixture, "67890");

  assert_takes (fixture, "12345 67890");
  assert_effects (fixture, "");
}

static void
test_full_says (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("The error for a refused message gives the length of the message and the limit, "
                  "but not the text of the message");

  send_full (fixture, "12345678901", FALSE, NULL, &error);

  g_assert_nonnull (strstr (error->message, "11 bytes"));
  g_assert_nonnull (strstr (error->message, "max-buffered-amount is 10"));
  g_assert_null (strstr (error->message, "12345678901"));
}

static void
test_full_handed (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Messages in flight count towards the limit until they are written");

  send_text (fixture, "1234567890");
  assert_takes (fixture, "1234567890");
  assert_refuses (fixture, "1", FALSE, HB_ERROR_QUEUE_FULL);

  written (fixture, 1);
  send_text (fixture, "1");
}

static void
test_no_limit (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *text = g_strnfill (100000, 'x');

  g_test_summary ("Without a limit, all messages are kept");

  fixture->settings.max_buffered_amount = 0;
  send_text (fixture, text);
  send_text (fixture, text);

  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 200000);
}

static void
test_lower_limit (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("If the limit is lowered, no message is dropped, and the new limit applies to "
                  "the next message");

  send_text (fixture, "12345");
  fixture->settings.max_buffered_amount = 3;

  assert_refuses (fixture, "1", FALSE, HB_ERROR_QUEUE_FULL);
  assert_takes (fixture, "12345");
}

static void
test_drop_oldest (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("With DROP_OLDEST, the oldest messages are dropped until the new one fits. Their "
                  "calls fail, and an error is emitted.");

  fixture->settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  send_ticket (fixture, "1234", "first");
  send_ticket (fixture, "567", "second");
  send_ticket (fixture, "890", "third");
  send_ticket (fixture, "abcdef", "fourth");

  assert_effects (fixture, "error:hb-error-quark:8 "
                           "resolve:failed:8(first) resolve:failed:8(second)");
  assert_takes (fixture, "890 abcdef");
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 2);
}

static void
test_drop_oldest_handed (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Unwritten messages in flight are not dropped. If they leave no room for a "
                  "message, it is refused, and no other is dropped.");

  fixture->settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  send_text (fixture, "123456");
  assert_takes (fixture, "123456");
  send_text (fixture, "78");

  assert_refuses (fixture, "abcde", FALSE, HB_ERROR_QUEUE_FULL);
  assert_takes (fixture, "78");
  assert_effects (fixture, "");
}

static void
test_drop_oldest_too_long (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("A message that is longer than the limit is refused, and no other is dropped for "
                  "it");

  fixture->settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  send_text (fixture, "123");

  assert_refuses (fixture, "12345678901", FALSE, HB_ERROR_QUEUE_FULL);
  assert_takes (fixture, "123");
}

static void
test_drop_newest (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("With DROP_NEWEST, the newest message is dropped, its call fails, and an error "
                  "is emitted");

  fixture->settings.overflow = HB_OVERFLOW_DROP_NEWEST;
  send_ticket (fixture, "1234567890", "first");
  send_ticket (fixture, "1", "second");

  assert_effects (fixture, "error:hb-error-quark:8 resolve:failed:8(second)");
  assert_takes (fixture, "1234567890");
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 1);
}

static void
test_one_error (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("When many messages are dropped, only one error is emitted until the queue is "
                  "empty again");

  fixture->settings.overflow = HB_OVERFLOW_DROP_NEWEST;
  send_text (fixture, "1234567890");
  send_text (fixture, "1");
  send_text (fixture, "2");
  assert_effects (fixture, "error:hb-error-quark:8");

  assert_takes (fixture, "1234567890");
  written (fixture, 1);
  send_text (fixture, "1234567890");
  send_text (fixture, "3");
  assert_effects (fixture, "error:hb-error-quark:8");
}

static void
test_drop_into_empty (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If the queue was empty after a drop, the next drop is also reported");

  fixture->settings.overflow = HB_OVERFLOW_DROP_NEWEST;
  send_text (fixture, "12345678901");
  assert_effects (fixture, "error:hb-error-quark:8");

  send_text (fixture, "12345678901");
  assert_effects (fixture, "error:hb-error-quark:8");

  send_text (fixture, "123456789");
  send_text (fixture, "12");
  assert_effects (fixture, "error:hb-error-quark:8");
}

static void
test_volatile (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A volatile message that can be sent at once is sent like any other");

  g_assert_true (send_full (fixture, "now", TRUE, NULL, NULL));

  assert_takes (fixture, "now");
}

static void
test_volatile_no_link (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A volatile message is refused without a link");

  hb_outbox_on_lost (&fixture->outbox, FALSE);

  assert_refuses (fixture, "now", TRUE, HB_ERROR_NOT_OPEN);
  g_assert_true (hb_queue_is_empty (&fixture->outbox.queue));
}

static void
test_volatile_backlog (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A volatile message is refused while others wait, and accepted when they have "
                  "been written");

  hb_outbox_on_blocked (&fixture->outbox);
  send_text (fixture, "one");
  assert_refuses (fixture, "now", TRUE, HB_ERROR_QUEUE_FULL);

  hb_outbox_on_writable (&fixture->outbox);
  assert_refuses (fixture, "now", TRUE, HB_ERROR_QUEUE_FULL);

  assert_takes (fixture, "one");
  written (fixture, 1);
  g_assert_true (send_full (fixture, "now", TRUE, NULL, NULL));
  assert_effects (fixture, "notify:buffered-amount notify:buffered-amount drain");
}

static void
test_volatile_blocked (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If the link has no room for a volatile message, the message is dropped, and its "
                  "call fails");

  send_full (fixture, "now", TRUE, "volatile", NULL);
  send_text (fixture, "later");
  hb_outbox_on_blocked (&fixture->outbox);

  assert_effects (fixture, "resolve:failed:7(volatile) notify:buffered-amount");
  hb_outbox_on_writable (&fixture->outbox);
  assert_takes (fixture, "later");
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 1);
}

static void
test_volatile_lost (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A volatile message in flight is dropped when its link is lost");

  send_text (fixture, "one");
  send_full (fixture, "now", TRUE, "volatile", NULL);
  send_text (fixture, "two");
  assert_takes (fixture, "one now two");
  hb_outbox_on_lost (&fixture->outbox, FALSE);
  assert_effects (fixture, "resolve:failed:7(volatile) notify:buffered-amount");

  opened (fixture);
  hb_outbox_on_greeted (&fixture->outbox);
  assert_takes (fixture, "one two");
}

static void
test_volatile_flush (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A flush completes when the only message before it, a volatile one, is dropped");

  send_full (fixture, "now", TRUE, NULL, NULL);
  hb_outbox_flush (&fixture->outbox, (gpointer) "blocked");
  hb_outbox_on_blocked (&fixture->outbox);
  assert_effects (fixture, "resolve:done(blocked)");

  hb_outbox_on_writable (&fixture->outbox);
  send_full (fixture, "now", TRUE, NULL, NULL);
  assert_takes (fixture, "now");
  hb_outbox_flush (&fixture->outbox, (gpointer) "lost");
  hb_outbox_on_lost (&fixture->outbox, FALSE);
  assert_effects (fixture, "resolve:done(lost)");
}

static void
test_greeting (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("While handlers for `open` run, their messages are sent, and the queue waits");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_text (fixture, "q1");
  send_text (fixture, "q2");
  opened (fixture);
  g_assert_false (hb_outbox_can_transmit (&fixture->outbox));

  send_text (fixture, "g1");
  assert_takes (fixture, "g1");
  send_text (fixture, "g2");
  hb_outbox_on_greeted (&fixture->outbox);
  assert_takes (fixture, "g2 q1 q2");
  hb_effects_clear (&fixture->effects);
}

static void
test_greeting_volatile (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("A handler for `open` may send a volatile message, even if others are queued");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_text (fixture, "queued");
  opened (fixture);

  g_assert_true (send_full (fixture, "now", TRUE, NULL, NULL));
  assert_takes (fixture, "now");
  hb_effects_clear (&fixture->effects);
}

static void
test_greeting_lost (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("If a link is lost while handlers for `open` run, their messages also precede "
                  "the queue on the next link");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_text (fixture, "q1");
  opened (fixture);
  send_text (fixture, "g1");
  send_text (fixture, "g2");
  hb_outbox_on_lost (&fixture->outbox, FALSE);

  opened (fixture);
  hb_outbox_on_greeted (&fixture->outbox);
  assert_takes (fixture, "g1 g2 q1");
  hb_effects_clear (&fixture->effects);
}

static void
test_flush_empty (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A flush of an empty queue completes at once");

  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");

  assert_effects (fixture, "resolve:done(flush)");
}

static void
test_flush (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A flush completes when the last message is written, and not while that "
                  "message is only in flight");

  send_text (fixture, "one");
  send_text (fixture, "two");
  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");
  assert_takes (fixture, "one two");
  written (fixture, 1);
  assert_effects (fixture, "");

  written (fixture, 1);
  assert_effects (fixture, "resolve:done(flush)");
}

static void
test_flush_lost (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A flush continues to wait when the link is lost");

  send_text (fixture, "one");
  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");
  hb_outbox_on_lost (&fixture->outbox, FALSE);
  assert_effects (fixture, "notify:buffered-amount");

  opened (fixture);
  hb_outbox_on_greeted (&fixture->outbox);
  assert_takes (fixture, "one");
  written (fixture, 1);
  assert_effects (fixture, "notify:buffered-amount drain resolve:done(flush)");
}

static void
test_take_queue (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("take_queue () returns the waiting messages in order, cancels their calls, and "
                  "counts them as dropped");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");
  hb_effects_clear (&fixture->effects);

  assert_takes_back (fixture, "one two");
  assert_effects (fixture, "resolve:cancelled(first) resolve:cancelled(second) "
                           "notify:buffered-amount drain resolve:done(flush)");
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 2);
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 0);
}

static void
test_take_queue_handed (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("take_queue () does not return messages in flight, and buffered-amount is "
                  "notified");

  send_text (fixture, "handed");
  assert_takes (fixture, "handed");
  hb_outbox_on_blocked (&fixture->outbox);
  send_text (fixture, "one");
  hb_effects_clear (&fixture->effects);

  assert_takes_back (fixture, "one");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->outbox), ==, 6);
  assert_effects (fixture, "notify:buffered-amount");
}

static void
test_take_queue_empty (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("take_queue () pushes no effect if no message waits, even if one is in flight");

  assert_takes_back (fixture, "");
  assert_effects (fixture, "");

  send_text (fixture, "handed");
  assert_takes (fixture, "handed");
  hb_outbox_on_blocked (&fixture->outbox);
  hb_effects_clear (&fixture->effects);
  assert_takes_back (fixture, "");
  assert_effects (fixture, "");
}

static void
test_take_queue_greeting (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("take_queue () returns messages from `open` handlers before those in the queue, "
                  "because they would be sent in this order");

  hb_outbox_on_lost (&fixture->outbox, FALSE);
  send_text (fixture, "one");
  opened (fixture);
  send_text (fixture, "hello");
  hb_effects_clear (&fixture->effects);

  assert_takes_back (fixture, "hello one");
  assert_effects (fixture, "notify:buffered-amount drain");
}

static void
test_withdraw (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Cancelling a call withdraws its message, unless the message is in flight");

  send_ticket (fixture, "handed", "first");
  assert_takes (fixture, "handed");
  send_ticket (fixture, "one", "second");

  g_assert_false (hb_outbox_withdraw (&fixture->outbox, (gpointer) "first"));
  g_assert_true (hb_outbox_withdraw (&fixture->outbox, (gpointer) "second"));
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 1);
  written (fixture, 1);
  assert_effects (fixture, "resolve:cancelled(second) resolve:done(first)");
}

static void
test_withdraw_flush (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A flush can be cancelled, and the messages are still sent");

  send_text (fixture, "one");
  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");

  g_assert_true (hb_outbox_withdraw (&fixture->outbox, (gpointer) "flush"));
  assert_effects (fixture, "resolve:cancelled(flush)");
  assert_takes (fixture, "one");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_CLOSED, "closed");

  g_test_summary ("When the outbox is closed, its messages are dropped, and all waiting calls fail "
                  "with the given error");

  hb_outbox_on_lost (&fixture->outbox, TRUE);
  send_ticket (fixture, "one", "first");
  hb_outbox_flush (&fixture->outbox, (gpointer) "flush");
  hb_effects_clear (&fixture->effects);
  hb_outbox_close (&fixture->outbox, error);

  assert_effects (fixture, "resolve:failed:6(flush) resolve:failed:6(first) "
                           "notify:buffered-amount");
  g_assert_true (hb_queue_is_empty (&fixture->outbox.queue));
  g_assert_cmpuint (fixture->metrics.messages_dropped, ==, 1);
}

static void
test_close_forgets (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_CLOSED, "closed");

  g_test_summary ("The messages of a closed task do not affect the next link");

  fixture->settings.overflow = HB_OVERFLOW_DROP_NEWEST;
  hb_outbox_on_lost (&fixture->outbox, TRUE);
  send_text (fixture, "1234567890");
  send_text (fixture, "1");
  hb_outbox_close (&fixture->outbox, error);
  opened (fixture);
  hb_outbox_on_greeted (&fixture->outbox);
  hb_effects_clear (&fixture->effects);

  send_text (fixture, "1234567890");
  send_text (fixture, "2");
  assert_effects (fixture, "error:hb-error-quark:8");
  assert_takes (fixture, "1234567890");
  written (fixture, 1);
  assert_effects (fixture, "");
}

static void
test_metrics (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Written messages and their bytes are counted");

  send_text (fixture, "one");
  send_text (fixture, "three");
  assert_takes (fixture, "one three");
  g_assert_cmpuint (fixture->metrics.messages_sent, ==, 0);

  written (fixture, 2);
  g_assert_cmpuint (fixture->metrics.messages_sent, ==, 2);
  g_assert_cmpuint (fixture->metrics.bytes_sent, ==, 8);
}

static void
test_written_alone (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Only messages in flight count as written, whatever position the link reports");

  send_text (fixture, "one");
  send_text (fixture, "two");
  g_assert_nonnull (take (fixture));
  written (fixture, 9);

  g_assert_cmpuint (fixture->metrics.messages_sent, ==, 1);
  g_assert_cmpuint (hb_outbox_get_n_queued (&fixture->outbox), ==, 1);
}

static void
test_empty_message (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("An empty message is queued and written like any other");

  send_ticket (fixture, "", "empty");
  g_assert_false (hb_queue_is_empty (&fixture->outbox.queue));
  g_assert_nonnull (take (fixture));
  written (fixture, 1);

  assert_effects (fixture, "resolve:done(empty)");
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/outbox/passes", test_passes);
  add_test ("/outbox/buffered", test_buffered);
  add_test ("/outbox/ticket", test_ticket);
  add_test ("/outbox/keeps", test_keeps);
  add_test ("/outbox/drain", test_drain);
  add_test ("/outbox/drains-bit-by-bit", test_drains_bit_by_bit);
  add_test ("/outbox/blocked", test_blocked);
  add_test ("/outbox/full", test_full);
  add_test ("/outbox/full-says", test_full_says);
  add_test ("/outbox/full-handed", test_full_handed);
  add_test ("/outbox/no-limit", test_no_limit);
  add_test ("/outbox/lower-limit", test_lower_limit);
  add_test ("/outbox/drop-oldest", test_drop_oldest);
  add_test ("/outbox/drop-oldest-handed", test_drop_oldest_handed);
  add_test ("/outbox/drop-oldest-too-long", test_drop_oldest_too_long);
  add_test ("/outbox/drop-newest", test_drop_newest);
  add_test ("/outbox/one-error", test_one_error);
  add_test ("/outbox/drop-into-empty", test_drop_into_empty);
  add_test ("/outbox/volatile", test_volatile);
  add_test ("/outbox/volatile-no-link", test_volatile_no_link);
  add_test ("/outbox/volatile-backlog", test_volatile_backlog);
  add_test ("/outbox/volatile-blocked", test_volatile_blocked);
  add_test ("/outbox/volatile-lost", test_volatile_lost);
  add_test ("/outbox/volatile-flush", test_volatile_flush);
  add_test ("/outbox/greeting", test_greeting);
  add_test ("/outbox/greeting-volatile", test_greeting_volatile);
  add_test ("/outbox/greeting-lost", test_greeting_lost);
  add_test ("/outbox/flush-empty", test_flush_empty);
  add_test ("/outbox/flush", test_flush);
  add_test ("/outbox/flush-lost", test_flush_lost);
  add_test ("/outbox/take-queue", test_take_queue);
  add_test ("/outbox/take-queue-handed", test_take_queue_handed);
  add_test ("/outbox/take-queue-greeting", test_take_queue_greeting);
  add_test ("/outbox/take-queue-empty", test_take_queue_empty);
  add_test ("/outbox/withdraw", test_withdraw);
  add_test ("/outbox/withdraw-flush", test_withdraw_flush);
  add_test ("/outbox/close", test_close);
  add_test ("/outbox/close-forgets", test_close_forgets);
  add_test ("/outbox/metrics", test_metrics);
  add_test ("/outbox/written-alone", test_written_alone);
  add_test ("/outbox/empty-message", test_empty_message);

  return g_test_run ();
}
