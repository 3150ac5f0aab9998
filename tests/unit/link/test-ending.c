/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-ending-private.h"
#include "hb-error.h"
#include "hb-handlers-private.h"
#include "pair.h"
#include "test-rows.h"

typedef struct
{
  Pair       pair;
  HbHandlers handlers;
  HbEnding  *ending;     /* (nullable) */
  GString   *reports;
  gboolean   is_within;  /* whether libsoup is emitting a signal about the end */
  gboolean   frees;      /* whether the callback frees the ending */
} Fixture;

static void
ended_cb (const HbLoss *loss,
          gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->is_within);
  g_assert_true (hb_ending_has_begun (fixture->ending));
  g_string_append_printf (fixture->reports, "%u %s %s %s;", loss->code,
                          loss->reason != NULL ? loss->reason : "-",
                          loss->by_peer ? "by-peer" : "-",
                          loss->error == NULL ? "-" : g_quark_to_string (loss->error->domain));
  g_assert_cmpuint (loss->http_status, ==, 101);

  if (fixture->frees)
    g_clear_pointer (&fixture->ending, hb_ending_free);
}

static void
signal_cb (guint         signal_id,
           const GValue *values,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  if (fixture->ending != NULL && signal_id != fixture->handlers.message_id
      && signal_id != g_signal_lookup ("pong", SOUP_TYPE_WEBSOCKET_CONNECTION))
    hb_ending_on_signal (fixture->ending, signal_id, values);
}

static void
before_cb (Fixture *fixture)
{
  fixture->is_within = TRUE;
}

static void
after_cb (Fixture *fixture)
{
  fixture->is_within = FALSE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  const char *names[] = { "error", "closing", "notify::state" };
  SoupWebsocketConnection *connection;
  guint i;

  pair_set_up (&fixture->pair);
  connection = fixture->pair.connection;
  soup_websocket_connection_set_max_incoming_payload_size (connection, 5);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_swapped (connection, names[i], G_CALLBACK (before_cb), fixture);
  fixture->ending = hb_ending_new (connection, g_main_context_default (), ended_cb, fixture);
  hb_handlers_init (&fixture->handlers, connection, signal_cb, fixture);
  hb_handlers_connect (&fixture->handlers);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_swapped (connection, names[i], G_CALLBACK (after_cb), fixture);
  fixture->reports = g_string_new (NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_handlers_clear (&fixture->handlers);
  g_clear_pointer (&fixture->ending, hb_ending_free);
  pair_tear_down (&fixture->pair);
  g_string_free (fixture->reports, TRUE);
}

typedef struct
{
  const char *name;
  const char *bytes;   /* (nullable) the bytes from the peer; NULL if its stream just ends */
  gsize       length;
  const char *reports;
} Case;

#define BYTES(text) text, sizeof text - 1

static const Case cases[] = {
  { "code", BYTES ("\x88\x02\x03\xe8"), "1000 - by-peer -;" },
  { "reason", BYTES ("\x88\x05\x03\xe9" "bye"), "1001 bye by-peer -;" },
  { "no-code", BYTES ("\x88\x00"), "1005 - by-peer -;" },
  { "later-code", BYTES ("\x88\x05\x03\xf5" "bye"), "1013 bye by-peer -;" },
  { "invalid-code", BYTES ("\x88\x02\x03\xee"), "1006 - - soup-websocket-error-quark;" },
  { "pong-before", BYTES ("\x8a\x00\x88\x02\x03\xe8"), "1000 - by-peer -;" },
  { "reserved-opcode", BYTES ("\x83\x00"), "1006 - - soup-websocket-error-quark;" },
  { "too-big", BYTES ("\x82\x06" "123456"), "1006 - - hb-error-quark;" },
  { "fin", NULL, 0, "1006 - by-peer -;" },
};

static void
test_case (Fixture       *fixture,
           gconstpointer  data)
{
  const Case *test = data;

  if (test->bytes != NULL)
    pair_write (&fixture->pair, test->bytes, test->length);
  else
    pair_end (&fixture->pair);

  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, test->reports);
  g_assert_false (hb_ending_has_begun (fixture->ending));

  /* The end is reported only once, even if the peer's stream ends afterwards. */
  pair_end (&fixture->pair);
  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, test->reports);
}

static void
test_first_error (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GError) first = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "first");
  g_autoptr (GError) second = g_error_new_literal (HB_ERROR, HB_ERROR_CLOSED, "second");

  g_signal_emit_by_name (fixture->pair.connection, "error", first);
  g_signal_emit_by_name (fixture->pair.connection, "error", second);
  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, "1006 - - g-io-error-quark;");
}

/* The library's close frame is not the end, which is reported when the peer has answered. */
static void
test_own_close (Fixture       *fixture,
                gconstpointer  data)
{
  hb_ending_send_close (fixture->ending, 1000, "bye");
  run_loop ();
  g_assert_false (hb_ending_has_begun (fixture->ending));
  pair_write (&fixture->pair, "\x88\x02\x03\xe8", 4);
  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, "1000 - by-peer -;");
}

static GSource *
find_timeout (Fixture *fixture)
{
  return g_main_context_find_source_by_funcs_user_data (NULL, &g_timeout_funcs,
                                                        fixture->pair.connection);
}

static void
test_own_close_timeout (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("libsoup's timeout after the library's close frame never ends, even if libsoup "
                  "first removes its timeout for pings");

  soup_websocket_connection_set_keepalive_interval (fixture->pair.connection, 1000);
  hb_ending_send_close (fixture->ending, 1000, "bye");
  g_assert_nonnull (find_timeout (fixture));
  g_assert_cmpint (g_source_get_ready_time (find_timeout (fixture)), ==, -1);
}

static gboolean
never_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

static void
test_other_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (GSource) timeout = g_timeout_source_new_seconds (1000);
  gint64 time;

  g_test_summary ("A close frame does not change a timeout of the application");

  g_source_set_callback (timeout, never_cb, fixture->pair.connection, NULL);
  g_source_attach (timeout, NULL);
  time = g_source_get_ready_time (timeout);
  hb_ending_send_close (fixture->ending, 1000, "bye");
  g_assert_cmpint (g_source_get_ready_time (timeout), ==, time);
  g_source_destroy (timeout);
}

static void
test_freed_before (Fixture       *fixture,
                   gconstpointer  data)
{
  pair_end (&fixture->pair);
  while (!hb_ending_has_begun (fixture->ending))
    g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&fixture->ending, hb_ending_free);
  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, "");
}

static void
test_freed_within (Fixture       *fixture,
                   gconstpointer  data)
{
  fixture->frees = TRUE;
  pair_end (&fixture->pair);
  run_loop ();
  g_assert_cmpstr (fixture->reports->str, ==, "1006 - by-peer -;");
  g_assert_null (fixture->ending);
}

#define add(path, function) \
  g_test_add ("/link/ending/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The end of a connection is reported once, and never while libsoup emits a "
                  "signal");

  test_rows_add_with ("/link/ending/by-peer/", cases, Fixture, set_up, test_case, tear_down);
  add ("first-error", test_first_error);
  add ("own-close", test_own_close);
  add ("own-close-timeout", test_own_close_timeout);
  add ("other-timeout", test_other_timeout);
  add ("freed-before", test_freed_before);
  add ("freed-within", test_freed_within);

  return g_test_run ();
}
