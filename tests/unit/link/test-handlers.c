/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-handlers-private.h"
#include "pair.h"

typedef struct
{
  Pair       pair;
  HbHandlers handlers;
  GString   *log;      /* a word for each call of a handler, in upper case for the application's */
} Fixture;

static void
signal_cb (guint         signal_id,
           const GValue *values,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_value_get_object (&values[0]) == fixture->pair.connection);
  g_string_append_printf (fixture->log, "%s ", g_signal_name (signal_id));
}

static void
application_cb (Fixture *fixture)
{
  g_string_append (fixture->log, "APPLICATION ");
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  pair_set_up (&fixture->pair);
  hb_handlers_init (&fixture->handlers, fixture->pair.connection, signal_cb, fixture);
  fixture->log = g_string_new (NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_handlers_clear (&fixture->handlers);
  pair_tear_down (&fixture->pair);
  g_string_free (fixture->log, TRUE);
}

/* Counts the library's handlers, and not those of the application. */
static guint
count_handlers (Fixture *fixture)
{
  guint n = g_signal_handlers_block_matched (fixture->pair.connection, G_SIGNAL_MATCH_DATA, 0, 0,
                                             NULL, NULL, &fixture->handlers);

  g_signal_handlers_unblock_matched (fixture->pair.connection, G_SIGNAL_MATCH_DATA, 0, 0, NULL,
                                     NULL, &fixture->handlers);

  return n;
}

static void
receive (Fixture    *fixture,
         const char *bytes,
         gsize       length,
         const char *expected)
{
  g_string_truncate (fixture->log, 0);
  pair_write (&fixture->pair, bytes, length);
  run_loop ();
  g_assert_cmpstr (fixture->log->str, ==, expected);
}

#define receive(fixture, bytes, expected) receive (fixture, bytes, sizeof bytes - 1, expected)

#define TEXT  "\x81\x01x"
#define PONG  "\x8a\x00"
#define CLOSE "\x88\x02\x03\xe8"

static void
test_calls (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Messages are received only between begin_call () and end_call (). Pongs are "
                  "also received afterwards.");

  g_assert_cmpuint (count_handlers (fixture), ==, 0);
  hb_handlers_begin_call (&fixture->handlers);
  receive (fixture, TEXT PONG TEXT, "message pong message ");
  hb_handlers_end_call (&fixture->handlers);
  receive (fixture, TEXT PONG, "pong ");
  hb_handlers_begin_call (&fixture->handlers);
  receive (fixture, TEXT, "message ");
  receive (fixture, CLOSE, "closing notify ");
  hb_handlers_end_call (&fixture->handlers);
}

static void
test_disconnected (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("hb_handlers_disconnect () between two calls into libsoup disconnects all of the "
                  "library's handlers. The next begin_call () connects them again.");

  hb_handlers_begin_call (&fixture->handlers);
  g_assert_cmpuint (count_handlers (fixture), ==, 5);
  hb_handlers_end_call (&fixture->handlers);
  hb_handlers_disconnect (&fixture->handlers);
  g_assert_cmpuint (count_handlers (fixture), ==, 0);
  receive (fixture, TEXT PONG, "");
  hb_handlers_begin_call (&fixture->handlers);
  receive (fixture, TEXT PONG, "message pong ");
  hb_handlers_end_call (&fixture->handlers);
}

static void
test_own_close (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("If the library itself closes the connection after hb_handlers_connect (), "
                  "`closing` is received without begin_call ()");

  hb_handlers_connect (&fixture->handlers);
  soup_websocket_connection_close (fixture->pair.connection, 1000, NULL);
  g_assert_cmpstr (fixture->log->str, ==, "closing ");
}

static void
test_other (Fixture       *fixture,
            gconstpointer  data)
{
  HbHandlers *handlers = &fixture->handlers;
  gulong id;

  g_test_summary ("Only handlers of the application count as other handlers");

  g_assert_false (hb_handlers_has_other (NULL));
  g_assert_false (hb_handlers_has_other (handlers));
  hb_handlers_connect (handlers);
  g_assert_false (hb_handlers_has_other (handlers));
  hb_handlers_begin_call (handlers);
  hb_handlers_end_call (handlers);
  g_assert_false (hb_handlers_has_other (handlers));

  id = g_signal_connect_swapped (fixture->pair.connection, "message", G_CALLBACK (application_cb),
                                 fixture);
  g_assert_true (hb_handlers_has_other (handlers));
  hb_handlers_disconnect (handlers);
  g_assert_true (hb_handlers_has_other (handlers));
  g_signal_handler_disconnect (fixture->pair.connection, id);
  g_assert_false (hb_handlers_has_other (handlers));
}

static void
test_exposed (Fixture       *fixture,
              gconstpointer  data)
{
  HbHandlers *handlers = &fixture->handlers;

  g_test_summary ("If the application has the connection, hb_handlers_disconnect () leaves the "
                  "library's handlers connected, so that they precede those of the application");

  hb_handlers_expose (handlers);
  g_signal_connect_swapped (fixture->pair.connection, "message", G_CALLBACK (application_cb),
                            fixture);
  hb_handlers_begin_call (handlers);
  hb_handlers_end_call (handlers);
  hb_handlers_disconnect (handlers);
  g_assert_cmpuint (count_handlers (fixture), ==, 5);
  hb_handlers_begin_call (handlers);
  receive (fixture, TEXT, "message APPLICATION ");
  hb_handlers_end_call (handlers);
}

#define add(path, function) \
  g_test_add ("/link/handlers/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("calls", test_calls);
  add ("disconnected", test_disconnected);
  add ("own-close", test_own_close);
  add ("other", test_other);
  add ("exposed", test_exposed);

  return g_test_run ();
}
