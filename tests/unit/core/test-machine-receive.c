/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

#define MIB (1024 * 1024)

static void
set_paused (Fixture  *fixture,
            gboolean  paused)
{
  fixture->machine.settings.paused = paused;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
}

static void
call_receive (Fixture    *fixture,
              const char *ticket)
{
  hb_machine_receive (&fixture->machine, fixture->now, (gpointer) ticket);
}

static void
receive_size (Fixture *fixture,
              gsize    size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);

  handle_message (&fixture->machine, fixture->now, HB_OPCODE_BINARY, bytes);
}

static void
assert_message (Fixture    *fixture,
                const char *expected)
{
  g_assert_nonnull (fixture->message);
  g_assert_cmpmem (g_bytes_get_data (fixture->message, NULL), g_bytes_get_size (fixture->message),
                   expected, strlen (expected));
}

static void
test_paused (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("While the task is paused, messages wait. The messages are emitted in order when "
                  "the task is no longer paused.");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive (fixture, "a");
  receive_size (fixture, 3);
  receive (fixture, "b");
  advance (fixture, 1000);
  assert_effects (fixture, "");

  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text message:binary message:text");
  assert_message (fixture, "b");

  receive (fixture, "c");
  assert_effects (fixture, "message:text");
}

static gboolean
deliver (Fixture    *fixture,
         const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return deliver_message (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes,
                          HB_REPLY_UNJUDGED);
}

/* Ends an emission that deliver () has begun. */
static void
end_delivery (Fixture *fixture)
{
  if (!hb_inbox_end_giving (&fixture->machine.inbox))
    hb_machine_on_given (&fixture->machine, fixture->now);
}

static void
test_delivered (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The driver may emit a message without an effect only if no effect is pending");

  g_assert_false (deliver (fixture, "closed"));
  start_open (fixture);
  g_assert_true (deliver (fixture, "alone"));
  end_delivery (fixture);
  assert_effects (fixture, "");

  check (fixture);
  g_assert_false (deliver (fixture, "behind the ping"));
  assert_effects (fixture, "ping message:text");

  set_text (&fixture->machine.settings.pong_message, "pong");
  g_assert_false (deliver (fixture, "pong"));
  assert_effects (fixture, "notify:latency");

  set_paused (fixture, TRUE);
  g_assert_false (deliver (fixture, "waits"));
  set_paused (fixture, FALSE);
  g_assert_false (deliver (fixture, "waits behind it"));
  assert_effects (fixture, "message:text message:text");
  assert_message (fixture, "waits behind it");

  g_assert_true (deliver (fixture, "alone again"));
  end_delivery (fixture);
  hb_machine_close (&fixture->machine, fixture->now, 1000, NULL, NULL, NULL);
  g_assert_false (deliver (fixture, "closing"));
  assert_effects (fixture, "notify:state notify:ready shut-down:1000");
}

static void
pause_cb (Fixture    *fixture,
          const char *effect)
{
  if (strstr (effect, ":text") != NULL)
    set_paused (fixture, TRUE);
}

static void
test_pause_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a handler pauses the task, no other message is delivered, even if it has "
                  "been received already");

  start_open (fixture);
  fixture->handler = pause_cb;
  receive (fixture, "a");
  receive (fixture, "b");
  receive (fixture, "c");
  assert_effects (fixture, "message:text");
  assert_message (fixture, "a");

  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text");
  assert_message (fixture, "b");

  receive (fixture, "d");
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text");
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text");
  assert_message (fixture, "d");
}

static void
close_cb (Fixture    *fixture,
          const char *effect)
{
  if (strstr (effect, ":text") != NULL)
    hb_machine_close (&fixture->machine, fixture->now, 1000, NULL, NULL, NULL);
}

static void
test_close_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a handler closes the task, no other message is delivered, even if it has "
                  "been received already");

  start_open (fixture);
  fixture->handler = close_cb;
  receive (fixture, "a");
  receive (fixture, "b");
  receive (fixture, "c");
  assert_effects (fixture, "message:text notify:state notify:ready shut-down:1000");
  assert_message (fixture, "a");
}

/* Acts in the handler for the first message as if the handler ran a main loop. */
static void
loop_cb (Fixture    *fixture,
         const char *effect)
{
  if (!g_str_equal (effect, "message:text"))
    return;

  fixture->handler = NULL;
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  drain (fixture);
  g_assert_cmpuint (fixture->resolved->len, ==, 1);
  receive_size (fixture, 3);
  drain (fixture);
  receive (fixture, "last");
  drain (fixture);
  assert_message (fixture, "first");
}

/* Emits a message that has waited, while another one waits. */
static void
emit_waited (Fixture *fixture)
{
  set_paused (fixture, TRUE);
  receive (fixture, "first");
  receive (fixture, "second");
  fixture->handler = loop_cb;
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text resolve:done(flush) message:text message:binary "
                           "message:text");
}

/* Emits a message by an effect, while the effect of another one is pending. */
static void
emit_effect (Fixture *fixture)
{
  receive (fixture, "first");
  receive (fixture, "second");
  fixture->handler = loop_cb;
  assert_effects (fixture, "message:text resolve:done(flush) message:text message:binary "
                           "message:text");
}

/* Emits a message without an effect. */
static void
emit_delivered (Fixture *fixture)
{
  g_assert_true (deliver (fixture, "first"));
  fixture->message = g_bytes_new_static ("first", 5);
  loop_cb (fixture, "message:text");
  end_delivery (fixture);
  assert_effects (fixture, "resolve:done(flush) message:binary message:text");
}

static const struct
{
  const char *name;
  void (*emit) (Fixture *fixture);
} emissions[] = {
  { "waited", emit_waited },
  { "effect", emit_effect },
  { "delivered", emit_delivered },
};

static void
test_one_at_a_time (Fixture       *fixture,
                    gconstpointer  data)
{
  guint i;

  g_test_summary ("While a message handler runs a main loop, no other message is delivered. The "
                  "messages follow in order when the handler has returned.");

  start_open (fixture);

  for (i = 0; i < G_N_ELEMENTS (emissions); i++)
    {
      g_test_message ("%s", emissions[i].name);
      g_clear_pointer (&fixture->message, g_bytes_unref);
      g_ptr_array_set_size (fixture->resolved, 0);
      emissions[i].emit (fixture);
      assert_message (fixture, "last");
    }
}

/* Loses the link in the message handler, as if the handler ran a main loop. */
static void
lose_cb (Fixture    *fixture,
         const char *effect)
{
  if (!g_str_equal (effect, "message:text"))
    return;

  fixture->handler = NULL;
  lose_link (fixture);
  drain (fixture);
  assert_message (fixture, "first");
}

static void
test_loss_in_handler (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If the link is lost while a message handler runs a main loop, a message that "
                  "waits is emitted after `close`");

  start_open (fixture);
  receive (fixture, "first");
  receive (fixture, "second");
  fixture->handler = lose_cb;
  assert_effects (fixture, "message:text drop notify:state notify:ready notify:connection "
                           "notify:protocol close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000 message:text");
  assert_message (fixture, "second");
}

/* The second message fills the inbox. This message was received before the handler ran, so it moves
 * to the inbox only when drain () reaches its effect. */
static void
fill_cb (Fixture    *fixture,
         const char *effect)
{
  if (!g_str_equal (effect, "message:text"))
    return;

  fixture->handler = NULL;
  drain (fixture);
  g_assert_false (hb_machine_may_read (&fixture->machine));
}

static void
fill_at_once_cb (Fixture    *fixture,
                 const char *effect)
{
  if (!g_str_equal (effect, "message:text"))
    return;

  fixture->handler = NULL;
  receive_size (fixture, MIB);
  g_assert_false (hb_machine_may_read (&fixture->machine));
}

static void
test_fill_in_handler (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("While a message handler runs a main loop, the link is not read if too many "
                  "messages wait");

  start_open (fixture);
  receive (fixture, "first");
  receive_size (fixture, MIB);
  fixture->handler = fill_cb;
  assert_effects (fixture, "message:text read message:binary read");
  g_assert_true (hb_machine_may_read (&fixture->machine));

  receive (fixture, "first");
  fixture->handler = fill_at_once_cb;
  assert_effects (fixture, "message:text read message:binary read");
  g_assert_true (hb_machine_may_read (&fixture->machine));
}

static void
receive_third_cb (Fixture    *fixture,
                  const char *effect)
{
  fixture->handler = NULL;
  receive (fixture, "third");
  drain (fixture);
}

static void
test_order_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A message that is received in a handler follows those that were received before "
                  "the handler ran");

  start_open (fixture);
  receive (fixture, "first");
  receive (fixture, "second");
  fixture->handler = receive_third_cb;
  assert_effects (fixture, "message:text message:text message:text");
  assert_message (fixture, "third");
}

static void
test_calls (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Calls to receive_async () get messages in order, and the first call pauses the "
                  "task");

  start_open (fixture);
  call_receive (fixture, "1");
  call_receive (fixture, "2");
  assert_effects (fixture, "notify:paused");
  g_assert_true (fixture->machine.settings.paused);

  receive (fixture, "a");
  receive (fixture, "b");
  receive (fixture, "c");
  assert_effects (fixture, "resolve:a(1) resolve:b(2)");

  call_receive (fixture, "3");
  call_receive (fixture, "4");
  assert_effects (fixture, "resolve:c(3)");

  set_paused (fixture, FALSE);
  receive (fixture, "d");
  receive (fixture, "e");
  assert_effects (fixture, "resolve:d(4) message:text");
}

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("No message is lost when a call is cancelled");

  start_open (fixture);
  call_receive (fixture, "1");
  call_receive (fixture, "2");
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "1");
  receive (fixture, "a");
  assert_effects (fixture, "notify:paused resolve:cancelled(1) resolve:a(2)");

  call_receive (fixture, "3");
  receive (fixture, "b");
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "3");
  assert_effects (fixture, "resolve:b(3)");
}

static gboolean
put_back (Fixture    *fixture,
          const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return hb_machine_put_back (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes);
}

static void
test_put_back (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A message that a call has taken, but not returned, is put back before the "
                  "messages that wait, unless the task is closing or closed");

  start_open (fixture);
  call_receive (fixture, "1");
  call_receive (fixture, "2");
  receive (fixture, "a");
  assert_effects (fixture, "notify:paused resolve:a(1)");
  g_assert_true (put_back (fixture, "a"));
  assert_effects (fixture, "resolve:a(2)");

  receive_size (fixture, MIB - 129);
  g_assert_true (hb_machine_may_read (&fixture->machine));
  g_assert_true (put_back (fixture, "a"));
  assert_effects (fixture, "read");
  g_assert_false (hb_machine_may_read (&fixture->machine));
  call_receive (fixture, "3");
  assert_effects (fixture, "resolve:a(3) read");
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:binary");

  close_with (fixture, 1000, NULL);
  g_assert_false (put_back (fixture, "a"));
  lose_by_peer (fixture, 1000, FALSE);
  drain (fixture);
  g_assert_false (put_back (fixture, "a"));
  forget (fixture);
}

static void
test_replies (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("While messages wait, a reply to a ping still counts as a reply, and is not "
                  "among them");

  set_text (&fixture->machine.settings.pong_message, "pong");
  set_paused (fixture, TRUE);
  start_open (fixture);
  advance (fixture, 15000);
  assert_effects (fixture, "ping");
  receive (fixture, "a");
  receive (fixture, "pong");
  receive (fixture, "b");
  call_receive (fixture, "1");
  call_receive (fixture, "2");
  assert_effects (fixture, "notify:latency resolve:a(1) resolve:b(2)");
}

static void
test_reconnect (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("Messages and calls that wait are kept when the link is lost");

  start_open (fixture);
  set_paused (fixture, TRUE);
  receive (fixture, "a");
  reconnect (fixture);
  forget (fixture);
  receive (fixture, "b");
  call_receive (fixture, "1");
  call_receive (fixture, "2");
  call_receive (fixture, "3");
  assert_effects (fixture, "resolve:a(1) resolve:b(2)");

  reconnect (fixture);
  forget (fixture);
  receive (fixture, "c");
  assert_effects (fixture, "resolve:c(3)");
}

typedef struct
{
  const char *name;
  void      (*end)   (Fixture *fixture);
  const char *error; /* the error of calls that wait, and of later calls */
  gboolean    drops; /* whether waiting messages are dropped */
} Ending;

static void
end_by_limit (Fixture *fixture)
{
  fixture->machine.settings.repeat_limit = 0;
  lose_link (fixture);
}

static void
end_by_peer (Fixture *fixture)
{
  fixture->machine.settings.repeat_limit = 0;
  lose_by_peer (fixture, 1000, FALSE);
}

static void
end_by_close (Fixture *fixture)
{
  close_with (fixture, 1000, NULL);
  lose_by_peer (fixture, 1000, FALSE);
}

static void
end_by_dispose (Fixture *fixture)
{
  hb_machine_dispose (&fixture->machine, fixture->now);
  fixture->has_link = fixture->has_opened = FALSE;
}

static const Ending endings[] = {
  { "limit", end_by_limit, "repeat-limit", FALSE },
  { "peer", end_by_peer, "closed", FALSE },
  { "close", end_by_close, "closed", TRUE },
  { "dispose", end_by_dispose, "closed", TRUE },
};

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  const Ending *ending = data;
  g_autofree char *first = g_strdup_printf ("resolve:failed:%s(1)", ending->error);
  g_autofree char *second = g_strdup_printf ("resolve:failed:%s(2)", ending->error);

  g_test_summary ("When the task closes, calls to receive_async () fail with the reason, and so do "
                  "later calls if no message waits");

  start_open (fixture);
  call_receive (fixture, "1");
  ending->end (fixture);
  drain (fixture);
  g_assert_true (g_str_has_suffix (fixture->log->str, first));
  forget (fixture);
  assert_state (fixture, HB_STATE_CLOSED);

  call_receive (fixture, "2");
  assert_effects (fixture, second);
}

static void
test_kept (Fixture       *fixture,
           gconstpointer  data)
{
  const Ending *ending = data;
  g_autofree char *second = g_strdup_printf ("resolve:failed:%s(2)", ending->error);

  g_test_summary ("Messages that arrived before the task closed can still be received, unless the "
                  "application has closed the task or disposed of it");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive (fixture, "a");
  receive (fixture, "b");
  ending->end (fixture);
  forget (fixture);

  if (!ending->drops)
    {
      call_receive (fixture, "1");
      assert_effects (fixture, "resolve:a(1)");
      set_paused (fixture, FALSE);
      assert_effects (fixture, "message:text");
      assert_message (fixture, "b");
      set_paused (fixture, TRUE);
    }

  call_receive (fixture, "2");
  assert_effects (fixture, second);
}

static void
test_close_in_closed (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("close () drops the waiting messages of a task that has given up");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive (fixture, "a");
  end_by_limit (fixture);
  forget (fixture);
  close_with (fixture, 1000, NULL);
  call_receive (fixture, "1");
  assert_effects (fixture, "resolve:failed:repeat-limit(1)");
}

static void
test_never_opened (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("receive_async () fails on a task that was never opened");

  call_receive (fixture, "1");
  assert_effects (fixture, "notify:paused resolve:failed:closed(1)");
}

typedef struct
{
  const char *name;
  gsize       size; /* of each message, in bytes */
  guint       most; /* how many are read before reading stops */
} Flood;

static const Flood floods[] = {
  { "empty", 0, MIB / 128 },
  { "short", 128, MIB / 256 },
  { "long", 16 * MIB, 1 },
};

static void
test_flood (Fixture       *fixture,
            gconstpointer  data)
{
  const Flood *flood = data;
  guint n = 0;

  g_test_summary ("The socket is read while less than 1 MiB of messages is waiting, including "
                  "the overhead of each message");

  set_paused (fixture, TRUE);
  start_open (fixture);
  while (hb_machine_may_read (&fixture->machine))
    {
      receive_size (fixture, flood->size);
      g_assert_cmpuint (++n, <=, flood->most);
    }

  g_assert_cmpuint (n, ==, flood->most);
  assert_effects (fixture, "read");

  call_receive (fixture, "1");
  drain (fixture);
  g_assert_true (g_str_has_prefix (fixture->log->str, "resolve:"));
  g_assert_true (g_str_has_suffix (fixture->log->str, "(1) read"));
  g_string_truncate (fixture->log, 0);
  g_assert_true (hb_machine_may_read (&fixture->machine));
}

typedef struct
{
  const char      *name;
  HbHeartbeatMode  mode;
  HbLiveness       liveness;
} Heartbeat;

static const Heartbeat heartbeats[] = {
  { "message", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_ANY },
  { "ping", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_ANY },
  { "reply", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_REPLY },
  { "steady", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_STEADY },
};

static void
test_heartbeat (Fixture       *fixture,
                gconstpointer  data)
{
  const Heartbeat *heartbeat = data;

  g_test_summary ("While the socket is not read, the heartbeat does not end the link. Silence "
                  "counts from the time at which reading resumes.");

  fixture->machine.settings.heartbeat_mode = heartbeat->mode;
  fixture->machine.settings.liveness = heartbeat->liveness;
  set_paused (fixture, TRUE);
  start_open (fixture);
  receive_size (fixture, MIB);
  advance (fixture, 600000);
  assert_state (fixture, HB_STATE_OPEN);
  g_assert_cmpuint (fixture->machine.metrics.pings, >, 20);

  set_paused (fixture, FALSE);
  forget (fixture);
  if (heartbeat->liveness != HB_LIVENESS_STEADY)
    assert_deadline (fixture, 15000);

  /* The reply to an earlier ping was not read in time, so it gives no latency. */
  advance (fixture, 100);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_ACTIVITY);
  if (heartbeat->mode == HB_HEARTBEAT_MODE_PING)
    handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  assert_effects (fixture, "");

  /* The socket is read again, so a dead link is detected. */
  advance (fixture, 25000);
  g_assert_cmpuint (fixture->machine.metrics.pong_timeouts, ==, 1);
  forget (fixture);
}

static void
test_time_to_be_ready (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("When reading resumes, the time within which the link has to become ready starts "
                  "again");

  fixture->machine.settings.manual_ready = TRUE;
  set_paused (fixture, TRUE);
  start_open (fixture);
  receive_size (fixture, MIB);
  advance (fixture, 9000);
  set_paused (fixture, FALSE);
  forget (fixture);
  assert_deadline (fixture, 10000);
}

static void
test_still_next_link (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("While too many messages wait, the next link is not read either. When the task "
                  "is closing, the link is read again.");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive_size (fixture, MIB);
  lose_link (fixture);
  drain (fixture);
  g_assert_true (hb_machine_may_read (&fixture->machine));

  advance (fixture, 2000);
  answer (fixture);
  g_assert_false (hb_machine_may_read (&fixture->machine));
  forget (fixture);

  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "notify:state notify:ready read shut-down:1000");
  g_assert_true (hb_machine_may_read (&fixture->machine));
}

static void
pause_once_cb (Fixture    *fixture,
               const char *effect)
{
  fixture->handler = NULL;
  set_paused (fixture, TRUE);
}

static void
test_pause_is_no_emission (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("The time of a pause does not count as time in which messages are emitted");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive (fixture, "a");
  receive (fixture, "b");
  receive (fixture, "c");
  fixture->handler = pause_once_cb;
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text");
  fixture->now += 10000;
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text message:text");
}

/* Each message handler takes 3 ms. */
static void
be_slow_cb (Fixture    *fixture,
            const char *effect)
{
  if (g_str_has_prefix (effect, "message"))
    fixture->now += 3000;
}

static void
test_yield (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("When the emission of messages that have waited has taken 4 ms, other sources "
                  "are dispatched before the next message");

  set_paused (fixture, TRUE);
  start_open (fixture);
  receive (fixture, "a");
  receive (fixture, "b");
  receive (fixture, "c");
  receive (fixture, "d");
  receive (fixture, "e");
  receive (fixture, "f");
  fixture->handler = be_slow_cb;
  set_paused (fixture, FALSE);
  assert_effects (fixture, "message:text message:text message:text yield");
  receive (fixture, "g");
  assert_effects (fixture, "");

  hb_machine_on_yielded (&fixture->machine);
  assert_effects (fixture, "message:text message:text message:text yield");

  /* A closed task emits the rest at once, because it has no main context. */
  end_by_limit (fixture);
  drain (fixture);
  g_assert_true (g_str_has_suffix (fixture->log->str, " message:text"));
  assert_message (fixture, "g");
  forget (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine/receive/paused", test_paused);
  add_test ("/machine/receive/delivered", test_delivered);
  add_test ("/machine/receive/pause-in-handler", test_pause_in_handler);
  add_test ("/machine/receive/close-in-handler", test_close_in_handler);
  add_test ("/machine/receive/one-at-a-time", test_one_at_a_time);
  add_test ("/machine/receive/loss-in-handler", test_loss_in_handler);
  add_test ("/machine/receive/fill-in-handler", test_fill_in_handler);
  add_test ("/machine/receive/order-in-handler", test_order_in_handler);
  add_test ("/machine/receive/calls", test_calls);
  add_test ("/machine/receive/cancel", test_cancel);
  add_test ("/machine/receive/put-back", test_put_back);
  add_test ("/machine/receive/replies", test_replies);
  add_test ("/machine/receive/reconnect", test_reconnect);
  add_rows ("/machine/receive/closed/", endings, test_closed);
  add_rows ("/machine/receive/kept/", endings, test_kept);
  add_test ("/machine/receive/close-in-closed", test_close_in_closed);
  add_test ("/machine/receive/never-opened", test_never_opened);
  add_rows ("/machine/receive/flood/", floods, test_flood);
  add_rows ("/machine/receive/heartbeat/", heartbeats, test_heartbeat);
  add_test ("/machine/receive/time-to-be-ready", test_time_to_be_ready);
  add_test ("/machine/receive/still-next-link", test_still_next_link);
  add_test ("/machine/receive/pause-is-no-emission", test_pause_is_no_emission);
  add_test ("/machine/receive/yield", test_yield);

  return g_test_run ();
}
