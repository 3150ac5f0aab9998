/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "effect-string.h"
#include "hb-effect-private.h"
#include "hb-error.h"

typedef struct
{
  HbEffects effects;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_effects_init (&fixture->effects);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_effects_clear (&fixture->effects);
}

static void
assert_strings (HbEffects  *effects,
                const char *expected)
{
  g_autoptr (GString) strings = g_string_new (NULL);
  guint i;

  for (i = 0; i < effects->length; i++)
    {
      g_autofree char *string = effect_to_string (hb_deque_peek (effects, i));

      g_string_append_printf (strings, i == 0 ? "%s" : " %s", string);
    }

  g_assert_cmpstr (strings->str, ==, expected);
}

static GError *
new_error (void)
{
  return g_error_new_literal (HB_ERROR, HB_ERROR_QUEUE_FULL, "a secret");
}

static void
test_link (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Effects on the link are described by words, with the code of a close frame. A "
                  "drop comes before the effects that were pushed earlier.");

  hb_effects_push (&fixture->effects, HB_EFFECT_CONNECT);
  hb_effects_push (&fixture->effects, HB_EFFECT_TRANSMIT);
  hb_effects_push_drop (&fixture->effects);
  hb_effects_push (&fixture->effects, HB_EFFECT_PING);
  hb_effects_push_close (&fixture->effects, HB_EFFECT_SHUT_DOWN, 1000, NULL);

  assert_strings (&fixture->effects, "drop connect transmit ping shut-down:1000");
}

static void
test_application (Fixture       *fixture,
                  gconstpointer  data)
{
  HbEffect *reconnect;

  g_test_summary ("Effects on the application are described by words, with the property of a "
                  "notification, the close code, and the number and the delay of an attempt");

  hb_effects_push_notify (&fixture->effects, HB_PROPERTY_STATE);
  hb_effects_push (&fixture->effects, HB_EFFECT_OPEN);
  hb_effects_push_close (&fixture->effects, HB_EFFECT_CLOSE, 1006, NULL);
  reconnect = hb_effects_push (&fixture->effects, HB_EFFECT_RECONNECT);
  reconnect->reconnect.attempt = 2;
  reconnect->reconnect.delay = 2000;
  hb_effects_push (&fixture->effects, HB_EFFECT_DRAIN);

  assert_strings (&fixture->effects, "notify:state open close:1006 reconnect:2:2000 drain");
}

static void
test_message (Fixture       *fixture,
              gconstpointer  data)
{
  HbEffect *effect;

  g_test_summary ("The word for a message says whether the message is text or binary, but does not "
                  "contain its payload");

  effect = hb_effects_push (&fixture->effects, HB_EFFECT_MESSAGE);
  effect->message.opcode = HB_OPCODE_TEXT;
  effect->message.bytes = g_bytes_new ("a secret", 8);
  effect = hb_effects_push (&fixture->effects, HB_EFFECT_MESSAGE);
  effect->message.opcode = HB_OPCODE_BINARY;
  effect->message.bytes = g_bytes_new (NULL, 0);

  assert_strings (&fixture->effects, "message:text message:binary");
}

static void
test_resolve (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GError) error = new_error ();

  g_test_summary ("The word for the end of a call says whether the call completed, was cancelled, "
                  "or failed");

  hb_effects_push_resolve (&fixture->effects, fixture, HB_OUTCOME_DONE, NULL);
  hb_effects_push_resolve (&fixture->effects, fixture, HB_OUTCOME_CANCELLED, NULL);
  hb_effects_push_resolve (&fixture->effects, fixture, HB_OUTCOME_FAILED, error);

  assert_strings (&fixture->effects, "resolve:done resolve:cancelled resolve:failed:8");
}

static void
test_resolve_nobody (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The end of a call without a ticket pushes no effect");

  hb_effects_push_resolve (&fixture->effects, NULL, HB_OUTCOME_DONE, NULL);

  assert_strings (&fixture->effects, "");
}

static void
test_resolve_all (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GError) error = new_error ();
  HbTickets tickets = { 0 };
  int one;
  int two;

  g_test_summary ("Waiting calls are completed once each, in the order in which they were added");

  hb_tickets_add (&tickets, &one);
  hb_tickets_add (&tickets, &two);
  hb_effects_resolve_all (&fixture->effects, &tickets, HB_OUTCOME_FAILED, error);

  assert_strings (&fixture->effects, "resolve:failed:8 resolve:failed:8");
  g_assert_null (tickets.deque);
  g_assert_true (((HbEffect *) hb_deque_peek (&fixture->effects, 0))->resolve.ticket == &one);
  g_assert_true (((HbEffect *) hb_deque_peek (&fixture->effects, 1))->resolve.ticket == &two);
}

static void
test_copies (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *reason = g_strdup ("bye");
  HbEffect *effect;

  g_test_summary ("The effect that emits `close` copies the reason");

  hb_effects_push_close (&fixture->effects, HB_EFFECT_CLOSE, 1000, reason);
  reason[0] = '!';
  effect = hb_deque_peek (&fixture->effects, 0);

  g_assert_cmpstr (effect->close.reason, ==, "bye");
}

static void
test_no_secrets (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("The word for an effect contains neither a close reason nor the text of an "
                  "error");

  hb_effects_push_error (&fixture->effects, new_error ());
  hb_effects_push_close (&fixture->effects, HB_EFFECT_CLOSE, 4000, "a secret");
  hb_effects_push_close (&fixture->effects, HB_EFFECT_SHUT_DOWN, 4000, "a secret");

  assert_strings (&fixture->effects, "error:hb-error-quark:8 close:4000 shut-down:4000");
}

static void
test_clear (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("text", 4);
  HbEffect effect = { .kind = HB_EFFECT_MESSAGE, .message = { bytes, HB_OPCODE_TEXT } };

  g_test_summary ("Clearing the effect of a message releases the bytes, and may be repeated");

  g_bytes_ref (bytes);
  hb_effect_clear (&effect);
  hb_effect_clear (&effect);

  g_assert_null (effect.message.bytes);
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/effect/link", test_link);
  add_test ("/effect/application", test_application);
  add_test ("/effect/message", test_message);
  add_test ("/effect/resolve", test_resolve);
  add_test ("/effect/resolve-nobody", test_resolve_nobody);
  add_test ("/effect/resolve-all", test_resolve_all);
  add_test ("/effect/copies", test_copies);
  add_test ("/effect/no-secrets", test_no_secrets);
  add_test ("/effect/clear", test_clear);

  return g_test_run ();
}
