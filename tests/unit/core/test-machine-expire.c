/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-batch-private.h"
#include "machine-fixture.h"
#include "machine-events.h"

/* queue-timeout, in milliseconds */
#define TIMEOUT 1000

/* The first effects of the expiry of a message whose call is named "a" */
#define EXPIRES "error:expired resolve:failed:expired(a)"

typedef enum {
  WAITING,
  HELD,
  CONNECTING,
  OPEN,     /* the link is blocked */
  GREETING, /* like OPEN, but a handler for `open` sends the message */
  CLOSING,  /* like OPEN, but close () follows the message */
  RETURNED, /* The link was lost with the message in flight, 400 ms after the call. */
} When;

typedef struct
{
  const char *name;
  When        when;
  int         deadline; /* in milliseconds after enter () */
  const char *expected; /* the effects at the deadline */
} Row;

static const Row rows[] = {
  { "waiting", WAITING, 1000, EXPIRES " notify:buffered-amount drain" },
  { "held", HELD, 1000, EXPIRES " notify:buffered-amount drain" },
  { "connecting", CONNECTING, 1000, EXPIRES " notify:buffered-amount drain" },
  { "open", OPEN, 1000, EXPIRES " notify:buffered-amount drain" },
  { "greeting", GREETING, 1000, EXPIRES " notify:buffered-amount drain" },
  { "closing", CLOSING, 1000, EXPIRES " notify:buffered-amount drain shut-down:1000" },
  { "returned", RETURNED, 600, EXPIRES " notify:buffered-amount drain" },
};

static void
set_timeout (Fixture *fixture,
             guint    timeout)
{
  fixture->machine.settings.queue_timeout = timeout;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
}

/* Makes all other deadlines later than those of messages. */
static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture_set_up (fixture, data);
  fixture->machine.settings.ping_timeout = 0;
  fixture->machine.settings.min_uptime = 0;
  fixture->machine.settings.reconnect_timeout = 60000;
  fixture->machine.settings.close_timeout = 60000;
  set_timeout (fixture, TIMEOUT);
}

#define add_expiry_test(path, function) \
  g_test_add (path, Fixture, NULL, set_up, function, fixture_tear_down)

static void
block (Fixture *fixture)
{
  fixture->room = 0;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_BLOCKED);
}

static void
greet_cb (Fixture    *fixture,
          const char *effect)
{
  if (!g_str_equal (effect, "open"))
    return;

  block (fixture);
  send_ticket (fixture, "a", "a");
}

static void
enter (Fixture *fixture,
       When     when)
{
  switch (when)
    {
    case WAITING:
    case HELD:
      start (fixture);
      lose_link (fixture);
      if (when == HELD)
        hb_machine_hold (&fixture->machine);
      send_ticket (fixture, "a", "a");
      break;
    case CONNECTING:
      start (fixture);
      send_ticket (fixture, "a", "a");
      break;
    case GREETING:
      fixture->handler = greet_cb;
      start_open (fixture);
      break;
    case OPEN:
    case CLOSING:
      start_open (fixture);
      block (fixture);
      send_ticket (fixture, "a", "a");
      if (when == CLOSING)
        close_with (fixture, 1000, NULL);
      break;
    case RETURNED:
      start_open (fixture);
      fixture->holds_writes = TRUE;
      send_ticket (fixture, "a", "a");
      advance (fixture, 400);
      lose_link (fixture);
      break;
    default:
      g_assert_not_reached ();
    }

  forget (fixture);
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;

  g_test_summary ("In every state, a message that waits expires after queue-timeout");

  enter (fixture, row->when);
  assert_deadline (fixture, row->deadline);
  advance (fixture, row->deadline - 1);
  assert_effects (fixture, "");

  advance (fixture, 1);
  assert_effects (fixture, row->expected);
  assert_wire (fixture, "");
  g_assert_cmpuint (fixture->machine.metrics.messages_expired, ==, 1);
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 1);
  g_assert_nonnull (strstr (fixture->error, "1000 ms"));
}

static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  const Row *row = data;

  g_test_summary ("After a suspend, the first tick drops the messages that have expired");

  enter (fixture, row->when);
  advance_late (fixture, 7200000);
  g_assert_nonnull (strstr (fixture->log->str, EXPIRES));
  g_assert_cmpuint (fixture->machine.metrics.messages_expired, ==, 1);
  forget (fixture);
}

/* Events at which the message could be sent before the tick that drops it */
typedef enum {
  OPENED,
  WRITABLE,
} Chance;

static void
test_before_tick (Fixture       *fixture,
                  gconstpointer  data)
{
  Chance chance = GPOINTER_TO_UINT (data);

  g_test_summary ("An expired message is not sent, even if the tick is late");

  enter (fixture, chance == OPENED ? CONNECTING : OPEN);
  fixture->now += hb_milliseconds (TIMEOUT);
  fixture->room = G_MAXUINT;
  if (chance == OPENED)
    answer (fixture);
  else
    handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);

  assert_wire (fixture, "");
  g_assert_nonnull (strstr (fixture->log->str, EXPIRES));
  forget (fixture);
}

static void
test_once (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Each message expires at its own time, and only one error is reported until the "
                  "queue is empty");

  enter (fixture, WAITING);
  advance (fixture, 300);
  send_ticket (fixture, "b", "b");
  send_ticket (fixture, "c", "c");
  advance (fixture, 500);
  send_ticket (fixture, "d", "d");
  forget (fixture);

  advance (fixture, 200);
  assert_effects (fixture, EXPIRES " notify:buffered-amount");
  assert_deadline (fixture, 300);
  advance (fixture, 300);
  assert_effects (fixture,
                  "resolve:failed:expired(b) resolve:failed:expired(c) notify:buffered-amount");
  advance (fixture, 500);
  assert_effects (fixture, "resolve:failed:expired(d) notify:buffered-amount drain");

  send_ticket (fixture, "a", "e");
  advance (fixture, TIMEOUT);
  assert_effects (fixture, "notify:buffered-amount error:expired resolve:failed:expired(e) "
                           "notify:buffered-amount drain");
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("After close (), an expiry is reported again, even if messages still waited when "
                  "the task closed");

  start (fixture);
  send_text (fixture, "old");
  advance (fixture, 1);
  send_text (fixture, "new");
  advance (fixture, TIMEOUT - 1);
  close_with (fixture, 1000, NULL);
  enter (fixture, WAITING);
  advance (fixture, TIMEOUT);

  assert_effects (fixture, EXPIRES " notify:buffered-amount drain");
}

static void
test_in_flight (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A message in flight does not expire. If its link is lost after queue-timeout, "
                  "the message expires at once.");

  start_open (fixture);
  fixture->holds_writes = TRUE;
  send_ticket (fixture, "a", "a");
  drain (fixture);
  assert_deadline (fixture, -1);
  advance (fixture, 5 * TIMEOUT);
  assert_wire (fixture, "a");
  assert_effects (fixture, "transmit");

  lose_link (fixture);
  forget (fixture);
  advance (fixture, 0);
  assert_effects (fixture, EXPIRES " notify:buffered-amount drain");
}

static void
test_greeting_returns (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a message that a handler for `open` has sent returns to the queue, older "
                  "messages behind it still expire in time");

  start (fixture);
  send_ticket (fixture, "a", "old");
  send_ticket (fixture, "b", "next");
  advance (fixture, 600);
  fixture->handler = greet_cb;
  answer (fixture);
  lose_link (fixture);
  fixture->handler = NULL;
  forget (fixture);

  assert_deadline (fixture, 400);
  advance (fixture, 400);
  assert_effects (fixture, "error:expired resolve:failed:expired(old) "
                           "resolve:failed:expired(next) notify:buffered-amount");
  assert_deadline (fixture, 600);
  advance (fixture, 600);
  assert_effects (fixture, "resolve:failed:expired(a) notify:buffered-amount drain");
}

static void
test_makes_room (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("An expired message makes room for another, and is not returned by "
                  "take_queue ()");

  fixture->machine.settings.max_buffered_amount = 1;
  enter (fixture, WAITING);
  fixture->now += hb_milliseconds (TIMEOUT);
  send_ticket (fixture, "b", "b");
  assert_effects (fixture, EXPIRES " notify:buffered-amount drain notify:buffered-amount");
  fixture->now += hb_milliseconds (TIMEOUT);
  assert_takes_back (fixture, "");
  assert_effects (fixture, "error:expired resolve:failed:expired(b) notify:buffered-amount drain");
}

/* While queue-timeout is 0, the driver passes HB_NEVER as the time of a message, without reading
 * the clock. */
static void
test_set (Fixture       *fixture,
          gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("a", 1);
  HbOutgoing message = { .bytes = bytes, .ticket = (gpointer) "late", .opcode = HB_OPCODE_TEXT };

  g_test_summary ("A change of queue-timeout takes effect at once. The age of a message that was "
                  "sent while queue-timeout was 0 counts from the change.");

  enter (fixture, WAITING);
  advance (fixture, 600);
  set_timeout (fixture, 900);
  assert_deadline (fixture, 300);
  set_timeout (fixture, 600);
  assert_effects (fixture, EXPIRES " notify:buffered-amount drain");

  set_timeout (fixture, 0);
  g_assert_true (hb_machine_send (&fixture->machine, HB_NEVER, &message, NULL, NULL));
  set_timeout (fixture, 0);
  assert_deadline (fixture, 60000 - 600);
  advance (fixture, 5 * TIMEOUT);
  set_timeout (fixture, TIMEOUT);
  assert_deadline (fixture, TIMEOUT);
  set_timeout (fixture, 0);
  set_timeout (fixture, 2 * TIMEOUT);
  assert_deadline (fixture, 2 * TIMEOUT);
  forget (fixture);
  advance (fixture, 2 * TIMEOUT);
  assert_effects (fixture, "error:expired resolve:failed:expired(late) notify:buffered-amount "
                           "drain");
}

static void
take_in (Fixture    *fixture,
         const char *ticket,
         gint64      accepted_at)
{
  HbOutgoing message = {
    .bytes = g_bytes_new ("a", 1),
    .ticket = (gpointer) ticket,
    .opcode = HB_OPCODE_TEXT,
    .is_foreign = TRUE,
    .accepted_at = accepted_at,
  };
  HbBatch batch;

  hb_batch_init (&batch);
  *(HbOutgoing *) hb_deque_push_tail (&batch.messages) = message;
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("The age of a message from another thread counts from the call that sends it");

  start_open (fixture);
  advance (fixture, 600);
  take_in (fixture, "late", fixture->now - hb_milliseconds (TIMEOUT));
  assert_wire (fixture, "");
  assert_effects (fixture, "transmit error:expired resolve:failed:expired(late)");

  lose_link (fixture);
  forget (fixture);
  take_in (fixture, "a", fixture->now - hb_milliseconds (400));
  assert_deadline (fixture, 600);
  take_in (fixture, "b", fixture->now);
  forget (fixture);
  advance (fixture, 600);
  assert_effects (fixture, EXPIRES " notify:buffered-amount");
  assert_deadline (fixture, 400);
  forget (fixture);
}

static void
test_volatile (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("With queue-timeout, volatile messages are sent or refused as without it");

  start (fixture);
  g_assert_false (send_full (fixture, "a", HB_SEND_FLAGS_VOLATILE, NULL, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_NOT_OPEN);
  answer (fixture);
  g_assert_true (send_full (fixture, "b", HB_SEND_FLAGS_VOLATILE, NULL, NULL));
  assert_wire (fixture, "b");
  forget (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_rows_add_with ("/machine/expire/", rows, Fixture, set_up, test_row, fixture_tear_down);
  test_rows_add_with ("/machine/expire/late/", rows, Fixture, set_up, test_late,
                      fixture_tear_down);
  g_test_add ("/machine/expire/before-tick/opened", Fixture, GUINT_TO_POINTER (OPENED),
              set_up, test_before_tick, fixture_tear_down);
  g_test_add ("/machine/expire/before-tick/writable", Fixture, GUINT_TO_POINTER (WRITABLE),
              set_up, test_before_tick, fixture_tear_down);
  add_expiry_test ("/machine/expire/once", test_once);
  add_expiry_test ("/machine/expire/closed", test_closed);
  add_expiry_test ("/machine/expire/in-flight", test_in_flight);
  add_expiry_test ("/machine/expire/greeting-returns", test_greeting_returns);
  add_expiry_test ("/machine/expire/makes-room", test_makes_room);
  add_expiry_test ("/machine/expire/set", test_set);
  add_expiry_test ("/machine/expire/other-thread", test_other_thread);
  add_expiry_test ("/machine/expire/volatile", test_volatile);

  return g_test_run ();
}
