/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

typedef enum {
  PEER,        /* the peer ends the link during the message */
  PEER_BEFORE, /* the peer ends the link before the message has begun */
  PEER_1009,   /* like PEER, but with a code that says that the message is too big */
  TIMEOUT,     /* the peer does not reply to a ping */
  NETWORK,     /* the network fails during the message */
  OURSELVES,   /* reconnect_now () ends the link */
  GREETING,    /* like PEER, but after a message from a handler for `open` has been written */
} End;

typedef struct
{
  const char *name;
  End         ends[6];
  guint       n_ends;
  gboolean    fails; /* whether the message is dropped at the last end */
} Row;

static const Row rows[] = {
  { "once", { PEER }, 1, FALSE },
  { "twice", { PEER, PEER }, 2, FALSE },
  { "three-times", { PEER, PEER, PEER }, 3, TRUE },
  { "too-big", { PEER_1009 }, 1, TRUE },
  { "too-big-in-the-end", { PEER, PEER_1009 }, 2, TRUE },
  { "not-begun", { PEER_BEFORE, PEER_BEFORE, PEER_BEFORE, PEER_BEFORE }, 4, FALSE },
  { "by-timeouts", { TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT }, 4, FALSE },
  { "by-the-network", { NETWORK, NETWORK, NETWORK, NETWORK }, 4, FALSE },
  { "by-ourselves", { OURSELVES, OURSELVES, OURSELVES, OURSELVES }, 4, FALSE },
  { "two-and-others", { PEER, TIMEOUT, PEER, NETWORK, OURSELVES, PEER_BEFORE }, 6, FALSE },
  { "others-do-not-reset-the-count", { PEER, TIMEOUT, PEER, OURSELVES, PEER }, 5, TRUE },
  { "with-greetings", { GREETING, GREETING, GREETING }, 3, TRUE },
};

static void
greet_cb (Fixture    *fixture,
          const char *effect)
{
  if (g_str_equal (effect, "open"))
    send_text (fixture, "hello");
}

static void
end_link (Fixture *fixture,
          End      end)
{
  GQuark network = g_quark_from_static_string ("network");
  g_autoptr (GError) error = g_error_new_literal (network, 1, "lost");
  HbLoss loss = { .code = 1006, .error = error };

  switch (end)
    {
    case PEER:
      lose_by_peer (fixture, 1006, TRUE);
      break;
    case PEER_BEFORE:
      lose_by_peer (fixture, 1006, FALSE);
      break;
    case PEER_1009:
      lose_by_peer (fixture, 1009, TRUE);
      break;
    case TIMEOUT:
      advance (fixture, 15000 + 10000);
      break;
    case NETWORK:
      handle_progress (&fixture->machine, fixture->now, fixture->written + 1);
      handle_lost (&fixture->machine, fixture->now, &loss);
      break;
    case OURSELVES:
      reconnect_now (fixture);
      break;
    case GREETING:
      written (fixture, 1);
      lose_by_peer (fixture, 1006, TRUE);
      break;
    default:
      g_assert_not_reached ();
    }

  drain (fixture);
}

/* The call must fail if, and only if, the error is emitted. */
static gboolean
has_failed (Fixture *fixture)
{
  const char *resolved = "resolve:failed:message-refused(poison)";
  gboolean has_failed = strstr (fixture->log->str, resolved) != NULL;

  g_assert_true (has_failed == (strstr (fixture->log->str, "error:message-refused") != NULL));
  if (has_failed)
    g_assert_nonnull (strstr (fixture->error, "6 bytes"));

  return has_failed;
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;
  guint i;

  g_test_summary ("If the peer ends three links during a message, or one link because the message "
                  "is too big, the message is dropped, and those after it are sent");

  fixture->holds_writes = TRUE;
  fixture->handler = row->ends[0] == GREETING ? greet_cb : NULL;
  fixture->machine.settings.repeat_limit = -1;
  start (fixture);
  send_ticket (fixture, "poison", "poison");
  send_text (fixture, "after");

  for (i = 0; i < row->n_ends; i++)
    {
      g_assert_false (has_failed (fixture));
      advance (fixture, fixture->machine.state == HB_STATE_WAITING ? 2000 : 0);
      fixture->room = fixture->handler != NULL ? 2 : 1;
      answer (fixture);
      forget (fixture);
      end_link (fixture, row->ends[i]);
    }

  g_assert_true (has_failed (fixture) == row->fails);
  forget (fixture);
  fixture->handler = NULL;
  fixture->room = G_MAXUINT;
  advance (fixture, fixture->machine.state == HB_STATE_WAITING ? 2000 : 0);
  answer (fixture);
  assert_wire (fixture, row->fails ? "after" : "poison after");
  forget (fixture);
  assert_takes_back (fixture, "");
}

static void
test_effects (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If a message is too big, an error reports this before `close` is emitted, and "
                  "the messages after it stay in the queue");

  fixture->holds_writes = TRUE;
  fixture->room = 1;
  start_open (fixture);
  send_ticket (fixture, "poison", "poison");
  send_text (fixture, "after");
  forget (fixture);
  lose_by_peer (fixture, 1009, TRUE);

  assert_effects (fixture, LEAVES " notify:buffered-amount error:message-refused "
                           "resolve:failed:message-refused(poison) notify:buffered-amount "
                           "close:1009 notify:attempt notify:reconnect-at reconnect:1:2000");
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 1);
}

static void
test_too_big_sent (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("If a message that has been sent completely is too big, no call fails, and the "
                  "error says only that one of the sent messages was too big");

  start_open (fixture);
  send_text (fixture, "sent");
  forget (fixture);
  lose_by_peer (fixture, 1009, FALSE);

  assert_effects (fixture, LEAVES " error:message-refused close:1009 notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
  g_assert_nonnull (strstr (fixture->error, "messages that were sent was too big"));
}

static void
test_count_goes_on (Fixture       *fixture,
                    gconstpointer  data)
{
  guint i;

  g_test_summary ("The count of links that end during a message continues when an earlier message "
                  "completes");

  fixture->holds_writes = TRUE;
  start (fixture);
  send_ticket (fixture, "poison", "poison");

  /* A handler for `open` sends a message on the second link. This message is written only on the
   * third link, before the refused message. */
  for (i = 0; i < 4; i++)
    {
      g_assert_false (has_failed (fixture));
      fixture->room = i == 1 ? 1 : 2;
      fixture->handler = i == 1 ? greet_cb : NULL;
      advance (fixture, fixture->machine.state == HB_STATE_WAITING ? 2000 : 0);
      answer (fixture);
      forget (fixture);
      if (i == 2)
        written (fixture, 1);
      lose_by_peer (fixture, 1006, i != 1);
      drain (fixture);
    }

  g_assert_true (has_failed (fixture));
  forget (fixture);
}

static void
test_volatile (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A volatile message that is too big is dropped with its link, the error is "
                  "emitted, and no other message is dropped");

  fixture->holds_writes = TRUE;
  fixture->room = 1;
  start_open (fixture);
  send_full (fixture, "now", HB_SEND_FLAGS_VOLATILE, "now", NULL);
  send_text (fixture, "after");
  forget (fixture);
  lose_by_peer (fixture, 1009, TRUE);

  assert_effects (fixture, LEAVES " resolve:failed:not-open(now) notify:buffered-amount "
                           "error:message-refused close:1009 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
  assert_takes_back (fixture, "after");
  forget (fixture);
}

static void
test_closing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("After close (), a refused message is reported as unsent, and not as refused");

  fixture->holds_writes = TRUE;
  fixture->room = 1;
  start_open (fixture);
  send_text (fixture, "poison");
  close_with (fixture, 1000, NULL);
  forget (fixture);
  lose_by_peer (fixture, 1009, TRUE);

  assert_effects (fixture, LEFT " notify:buffered-amount error:closed close:1009 "
                           "notify:buffered-amount");
}

static void
test_last (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("The call that sent a refused message fails with HB_ERROR_MESSAGE_REFUSED, even "
                  "if the task gives up");

  fixture->holds_writes = TRUE;
  fixture->room = 1;
  fixture->machine.settings.repeat_limit = 0;
  start_open (fixture);
  send_ticket (fixture, "poison", "poison");
  send_ticket (fixture, "after", "after");
  forget (fixture);
  lose_by_peer (fixture, 1009, TRUE);

  assert_effects (fixture, LEAVES " notify:buffered-amount notify:last-error "
                           "error:message-refused resolve:failed:message-refused(poison) "
                           "notify:buffered-amount error:repeat-limit error:closed close:1009 "
                           "resolve:failed:repeat-limit(after) notify:buffered-amount");
}

/* The last link ends during the only message. */
typedef struct
{
  const char  *name;
  HbSendFlags  flags;
  guint        code;
  const char  *effects;
} Alone;

static const Alone alone[] = {
  { "too-big", HB_SEND_FLAGS_DEFAULT, 1009,
    LEAVES " notify:buffered-amount notify:last-error error:message-refused "
    "resolve:failed:message-refused(poison) notify:buffered-amount error:repeat-limit close:1009 "
    "resolve:failed:repeat-limit(flush)" },
  { "volatile", HB_SEND_FLAGS_VOLATILE, 1006,
    LEAVES " resolve:failed:not-open(poison) notify:last-error error:repeat-limit close:1006 "
    "resolve:failed:repeat-limit(flush)" },
};

static void
test_alone (Fixture       *fixture,
            gconstpointer  data)
{
  const Alone *row = data;

  g_test_summary ("If the task gives up and drops its only message, `drain` is not emitted, and a "
                  "flush fails");

  fixture->holds_writes = TRUE;
  fixture->machine.settings.repeat_limit = 0;
  start_open (fixture);
  send_full (fixture, "poison", row->flags, "poison", NULL);
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);
  lose_by_peer (fixture, row->code, TRUE);

  assert_effects (fixture, row->effects);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/refusal/row/", rows, test_row);
  add_test ("/refusal/effects", test_effects);
  add_test ("/refusal/too-big-sent", test_too_big_sent);
  add_test ("/refusal/count-goes-on", test_count_goes_on);
  add_test ("/refusal/volatile", test_volatile);
  add_test ("/refusal/closing", test_closing);
  add_test ("/refusal/last", test_last);
  add_rows ("/refusal/alone/", alone, test_alone);

  return g_test_run ();
}
