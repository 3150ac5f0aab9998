/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "event-counts.h"
#include "hb-fallback-private.h"
#include "hb-socket-private.h"
#include "hb-stream-private.h"
#include "pair.h"

typedef struct
{
  Pair        pair;
  HbChannel   channel;
  EventCounts events;
  gboolean    is_sending;
} Fixture;

#define SIZE (64 * 1024)

static void
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  Fixture *fixture = user_data;

  /* The callback of the library may send a message, which libsoup does not allow while it is
   * sending. */
  g_assert_false (fixture->is_sending);
  event_counts_add (&fixture->events, event);
}

static void
set_up_stream (Fixture       *fixture,
               gconstpointer  data)
{
  pair_set_up (&fixture->pair);
  hb_stream_insert (&fixture->channel, &fixture->pair.connection, fixture->pair.socket, NULL,
                    event_cb, fixture);
}

static void
set_up_fallback (Fixture       *fixture,
                 gconstpointer  data)
{
  pair_set_up (&fixture->pair);
  hb_fallback_open (&fixture->channel, fixture->pair.connection, g_main_context_default (),
                    event_cb, fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  fixture->channel.funcs->detach (fixture->channel.data);
  g_object_run_dispose (G_OBJECT (fixture->pair.connection));
  fixture->channel.funcs->free (fixture->channel.data);
  pair_tear_down (&fixture->pair);
}

static gboolean
send_message (Fixture *fixture,
              gsize    size,
              HbSpan  *span)
{
  g_autofree char *text = g_strnfill (size, 'x');
  g_autoptr (GBytes) payload = g_bytes_new (text, size);
  gboolean is_writable;

  fixture->is_sending = TRUE;
  is_writable = fixture->channel.funcs->send (fixture->channel.data, HB_OPCODE_BINARY, payload,
                                              span);
  fixture->is_sending = FALSE;

  return is_writable;
}

static guint64
get_written (Fixture *fixture)
{
  return fixture->channel.funcs->get_written (fixture->channel.data);
}

/* Fills the socket. Returns the span of the last message. */
static HbSpan
fill (Fixture *fixture)
{
  HbSpan span;
  guint n;

  for (n = 0; send_message (fixture, SIZE, &span); n++)
    {
      g_assert_cmpuint (n, <, 1000);
      run_loop ();
    }

  g_assert_cmpuint (fixture->events.n_writable, ==, 0);

  return span;
}

static void
test_positions (Fixture       *fixture,
                gconstpointer  data)
{
  HbSpan first;
  HbSpan second;

  g_assert_true (send_message (fixture, 5, &first));
  g_assert_true (send_message (fixture, 5, &second));
  g_assert_cmpuint (first.begin, ==, 0);
  g_assert_cmpuint (first.end, >, first.begin);
  g_assert_cmpuint (first.written, ==, first.end);
  g_assert_cmpuint (second.begin, ==, first.end);
  g_assert_cmpuint (second.end, >, second.begin);
  run_loop ();
  g_assert_cmpuint (get_written (fixture), ==, second.end);
  g_assert_cmpuint (pair_drain (&fixture->pair), ==, 2 * (2 + 4 + 5));
}

static void
test_flush (Fixture       *fixture,
            gconstpointer  data)
{
  HbSpan span;

  send_message (fixture, 5, &span);
  send_message (fixture, 5, &span);
  fixture->is_sending = TRUE;
  fixture->channel.funcs->flush (fixture->channel.data);
  fixture->is_sending = FALSE;
  g_assert_cmpuint (get_written (fixture), ==, span.end);
  g_assert_cmpuint (pair_drain (&fixture->pair), ==, 2 * (2 + 4 + 5));
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  HbSpan span = fill (fixture);

  run_loop ();
  g_assert_cmpuint (fixture->events.n_writable, ==, 0);

  while (pair_drain (&fixture->pair) > 0)
    run_loop ();

  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
  g_assert_cmpuint (get_written (fixture), ==, span.end);
  g_assert_true (send_message (fixture, 5, &span));
}

static void
test_detached (Fixture       *fixture,
               gconstpointer  data)
{
  fill (fixture);
  fixture->events.n_activities = 0;
  fixture->channel.funcs->detach (fixture->channel.data);
  pair_write (&fixture->pair, "\x82\x01x", 3);

  while (pair_drain (&fixture->pair) > 0)
    run_loop ();

  g_assert_cmpuint (fixture->events.n_writable, ==, 0);
  g_assert_cmpuint (fixture->events.n_activities, ==, 0);
}

static void
error_cb (SoupWebsocketConnection  *connection,
          GError                   *error,
          GError                  **found)
{
  g_clear_error (found);
  *found = g_error_copy (error);
}

static void
count_message_cb (SoupWebsocketConnection *connection,
                  SoupWebsocketDataType    type,
                  GBytes                  *bytes,
                  guint                   *n)
{
  (*n)++;
}

static void
test_max_message_size (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect (fixture->pair.connection, "error", G_CALLBACK (error_cb), &error);
  g_signal_connect (fixture->pair.connection, "message", G_CALLBACK (count_message_cb), &n);
  fixture->channel.funcs->set_max_message_size (fixture->channel.data, 5);
  pair_write (&fixture->pair, "\x82\x05" "12345", 7);
  run_loop ();
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);

  /* The header of a message above the limit is enough to refuse it if it is longer than any control
   * frame. */
  pair_write (&fixture->pair, "\x82\x7e\x00\x7e", 4);
  run_loop ();
  g_assert_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG);
  g_assert_cmpuint (n, ==, 1);
}

static void
test_activity (Fixture       *fixture,
               gconstpointer  data)
{
  g_assert_false (fixture->channel.funcs->read_on (fixture->channel.data));
  pair_write (&fixture->pair, "\x82\x01x", 3);
  run_loop ();
  g_assert_cmpuint (fixture->events.n_activities, ==,
                    fixture->channel.funcs->reports_activity ? 1 : 0);
}

/* The library inserts a stream of its own only if it has found the socket of the connection. */
static void
test_choice (void)
{
  g_autoptr (GSocket) found = NULL;
  SoupWebsocketConnection *connection;
  HbChannel channel;
  Pair pair;

  pair_set_up (&pair);
  connection = pair.connection;
  hb_channel_open (&channel, &connection, NULL, g_main_context_default (), event_cb, NULL);
  g_assert_true (connection == pair.connection);
  g_assert_false (channel.funcs->reports_activity);
  hb_channel_clear (&channel);

  found = hb_socket_find (pair.connection);
  g_assert_true (found == pair.socket);
  hb_channel_open (&channel, &pair.connection, found, g_main_context_default (), event_cb, NULL);
  g_assert_false (connection == pair.connection);
  g_assert_true (channel.funcs->reports_activity);
  channel.funcs->detach (channel.data);
  g_object_run_dispose (G_OBJECT (pair.connection));
  hb_channel_clear (&channel);

  g_clear_object (&found);
  pair_tear_down (&pair);
}

/* Without the library's stream, libsoup drops a frame and ends the connection if the peer has
 * closed its socket. With the library's stream, only a read reports the end. */
static void
test_dead (Fixture       *fixture,
           gconstpointer  data)
{
  HbSpan span;

  g_assert_true (g_socket_close (fixture->pair.peer, NULL));
  send_message (fixture, 5, &span);
  g_assert_cmpuint (span.end, ==, span.begin);
  g_assert_cmpuint (get_written (fixture), ==, 0);
  g_assert_cmpint (soup_websocket_connection_get_state (fixture->pair.connection),
                   !=, SOUP_WEBSOCKET_STATE_OPEN);
}

#define add(path, function) \
  add_one ("stream/" path, set_up_stream, function); \
  add_one ("fallback/" path, set_up_fallback, function)
#define add_one(path, set_up, function) \
  g_test_add ("/link/channel/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Both implementations of a channel keep the same promises");

  add ("positions", test_positions);
  add ("flush", test_flush);
  add ("full", test_full);
  add ("detached", test_detached);
  add ("max-message-size", test_max_message_size);
  add ("activity", test_activity);
  g_test_add_func ("/link/channel/choice", test_choice);
  add_one ("fallback/dead", set_up_fallback, test_dead);

  return g_test_run ();
}
