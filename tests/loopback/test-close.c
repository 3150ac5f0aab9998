/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

typedef struct
{
  const char *name;
  guint       code;
  const char *reason; /* (nullable) */
  const char *word;   /* the expected words of the signal log, or of the RawPeer */
} CloseFrame;

static const CloseFrame close_frames[] = {
  { "normal", 1000, NULL, "close:1000" },
  { "going-away", 1001, "reboot", "close:1001:reboot" },
  { "no-code", 0, NULL, "close:1005" },
  { "server-error", 1011, "oops", "close:1011:oops" },
  { "service-restart", 1012, "restart", "close:1012:restart" },
  { "try-again-later", 1013, NULL, "close:1013" },
  { "bad-gateway", 1014, "gateway", "close:1014:gateway" },
  { "registered", 3000, NULL, "close:3000" },
  { "own", 4000, "kicked", "close:4000:kicked" },
  { "last-own", 4999, "ü€", "close:4999:ü€" },
  { "forbidden", 1005, "x", "error:soup-websocket-error-quark:1002 close:1006" },
};

static void
test_close_frame (Fixture       *fixture,
                  gconstpointer  data)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (close_frames); i++)
    {
      RawPeer *peer = fixture_open_raw (fixture);

      g_test_message ("%s", close_frames[i].name);
      hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
      raw_peer_send_close (peer, close_frames[i].code, close_frames[i].reason);
      signal_log_expect (fixture->log, "state:waiting");
      signal_log_expect (fixture->log, close_frames[i].word);
      signal_log_expect (fixture->log, "reconnect:1:60000");

      /* libsoup repeats most codes of the server, but treats 1012 to 1014 as errors, so the
       * client's code is not checked. */
      g_free (raw_peer_take (peer));
      raw_peer_expect_end (peer);
      hb_websocket_task_close (fixture->task, 1000, NULL);
      signal_log_expect_now (fixture->log, "state:closed");
    }
}

/* A message, a close frame and the end of the connection arrive together. */
static void
test_last_words (Fixture       *fixture,
                 gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_write (peer, "\x81\x02hi\x88\x05\x03\xe9" "bye", 11);
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "message:text:hi state:waiting close:1001:bye reconnect:1:20");
  signal_log_expect (fixture->log, WORDS_OPEN);
}

static const CloseFrame own_close_frames[] = {
  { "normal", 1000, NULL, "close:1000" },
  { "going-away", 1001, "gone", "close:1001:gone" },
  { "bad-data", 1007, NULL, "close:1007" },
  { "no-extension", 1010, NULL, "close:1010" },
  { "registered", 3000, "x", "close:3000:x" },
  { "own", 4999, "ü€", "close:4999:ü€" },
  { "nothing", 0, "x", "close:" },
  { "no-code", 1005, NULL, "close:" },
  { "not-a-code", 1, "x", "close:1002" },
  { "registered-later", 1012, NULL, "close:1002" },
  { "not-assigned", 2999, NULL, "close:1002" },
  { "too-high", 65535, NULL, "close:1002" },
};

/* For 0 and 1005, the close frame is empty. For a code that close () replaces, such as 2999, the
 * frame has 1002 and no reason. */
static void
test_own_close_frame (Fixture       *fixture,
                      gconstpointer  data)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (own_close_frames); i++)
    {
      RawPeer *peer = fixture_open_raw (fixture);

      g_test_message ("%s", own_close_frames[i].name);
      hb_websocket_task_close (fixture->task, own_close_frames[i].code, own_close_frames[i].reason);
      raw_peer_expect (peer, own_close_frames[i].word);
      signal_log_expect_now (fixture->log, "state:closing");
      raw_peer_send_close (peer, 1000, "bye");
      signal_log_expect (fixture->log, "state:closed close:1000:bye");
      raw_peer_expect_end (peer);
    }
}

static void
test_longest_reason (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *reason = g_strnfill (123, 'r');
  g_autofree char *word = g_strconcat ("close:4000:", reason, NULL);

  fixture_open (fixture);
  hb_websocket_task_close (fixture->task, 4000, reason);
  signal_log_expect (fixture->log, "state:closing state:closed");
  signal_log_expect (fixture->log, word);
  wait_until (test_server_get_close_code (fixture->server) == 4000);
  g_assert_cmpstr (test_server_get_close_data (fixture->server), ==, reason);
}

static void
close_and_dispose_cb (SoupWebsocketConnection *connection,
                      int                      type,
                      GBytes                  *message,
                      HbWebsocketTask         *task)
{
  hb_websocket_task_close (task, 1000, NULL);
  g_object_run_dispose (G_OBJECT (task));
}

static void
test_closed_and_disposed (Fixture       *fixture,
                          gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_signal_connect (hb_websocket_task_get_connection (fixture->task), "message",
                    G_CALLBACK (close_and_dispose_cb), fixture->task);
  raw_peer_send_text (peer, "hi");
  raw_peer_expect (peer, "close:1000");
  signal_log_forget (fixture->log);
}

static void
test_nothing_is_delivered_while_closing (Fixture       *fixture,
                                         gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_send_text (peer, "late");
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

static void
test_close_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  gint64 start = g_get_monotonic_time ();

  hb_websocket_task_set_close_timeout (fixture->task, 40);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_expect (peer, "close:1000");
  signal_log_expect (fixture->log, "state:closing state:closed close:1006");
  g_assert_cmpint (signal_log_get_time (fixture->log) - start, >=, 40000);
  raw_peer_expect_end (peer);
}

/* `close` is not emitted, because no connection was open. */
static void
test_close_without_link (Fixture       *fixture,
                         gconstpointer  data)
{
  const HbState states[] = { HB_STATE_CONNECTING, HB_STATE_WAITING, HB_STATE_CLOSED };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (states); i++)
    {
      guint n_accepted;

      fixture_enter (fixture, states[i]);
      n_accepted = raw_server_get_n_accepted (fixture->raw);
      hb_websocket_task_close (fixture->task, 1000, "bye");
      assert_state (fixture->task, HB_STATE_CLOSED);
      signal_log_expect_now (fixture->log, states[i] != HB_STATE_CLOSED ? "state:closed" : "");
      wait_idle ();
      g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, n_accepted);
    }

  raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));
}

static void
test_close_twice (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_close (fixture->task, 4001, "first");
  hb_websocket_task_close (fixture->task, 4002, "second");
  raw_peer_expect (peer, "close:4001:first");
  raw_peer_send_close (peer, 4001, "first");
  signal_log_expect (fixture->log, "state:closing state:closed close:4001:first");
  raw_peer_expect_end (peer);
}

/* The task reports the code and reason of the peer. */
static void
test_close_frames_cross (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_send_close (peer, 4005, "me");
  hb_websocket_task_close (fixture->task, 4006, "you");
  signal_log_expect (fixture->log, "state:closing state:closed close:4005:me");
  raw_peer_expect (peer, "close:4006:you");
  raw_peer_expect_end (peer);
}

static void
test_connection_is_closed (Fixture       *fixture,
                           gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  soup_websocket_connection_send_text (hb_websocket_task_get_connection (fixture->task), "own");
  raw_peer_expect (peer, "text:own");
  soup_websocket_connection_close (hb_websocket_task_get_connection (fixture->task), 4000, "own");
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  raw_peer_expect (peer, "close:4000:own");
  signal_log_expect (fixture->log, WORDS_OPEN);
}

/* close () sends no second frame, and does not wait for the peer. */
static void
test_connection_is_closed_twice (Fixture       *fixture,
                                 gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  soup_websocket_connection_close (hb_websocket_task_get_connection (fixture->task), 4000, NULL);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing state:closed close:1006");
  raw_peer_expect (peer, "close:4000");
}

static void
reconnect_cb (SoupWebsocketConnection *connection,
              HbWebsocketTask         *task)
{
  g_signal_handlers_disconnect_by_data (connection, task);
  hb_websocket_task_reconnect_now (task);
}

/* libsoup emits `closing` within the call that sends the close frame. */
static void
test_reconnect_in_closing (Fixture       *fixture,
                           gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A handler of libsoup's closing may drop the connection");

  g_signal_connect (hb_websocket_task_get_connection (fixture->task), "closing",
                    G_CALLBACK (reconnect_cb), fixture->task);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing state:connecting close:1006 connecting "
                     "state:open open");
  raw_peer_expect_end (peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Each end of a connection is reported with the right code and reason");

  add_raw_test ("/loopback/close/close-frame", test_close_frame);
  add_raw_test ("/loopback/close/last-words", test_last_words);
  add_raw_test ("/loopback/close/own-close-frame", test_own_close_frame);
  add_test ("/loopback/close/longest-reason", test_longest_reason);
  add_raw_test ("/loopback/close/disposed", test_closed_and_disposed);
  add_raw_test ("/loopback/close/nothing-delivered", test_nothing_is_delivered_while_closing);
  add_raw_test ("/loopback/close/timeout", test_close_timeout);
  add_raw_test ("/loopback/close/without-link", test_close_without_link);
  add_raw_test ("/loopback/close/twice", test_close_twice);
  add_raw_test ("/loopback/close/cross", test_close_frames_cross);
  add_raw_test ("/loopback/close/connection-is-closed", test_connection_is_closed);
  add_raw_test ("/loopback/close/connection-is-closed-twice", test_connection_is_closed_twice);
  add_raw_test ("/loopback/close/reconnect-in-closing", test_reconnect_in_closing);

  return g_test_run ();
}
