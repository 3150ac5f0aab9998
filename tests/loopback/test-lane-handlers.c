/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fixture.h"
#include "raw-frame.h"

/* Calls that the application makes in a handler for a message that the task reads without libsoup,
 * or between two parts of such a message */

/* The number of times that libsoup has emitted `pong` */
static guint n_pongs;

static void
nest_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         guint                 *n_messages)
{
  guint n = ++*n_messages;

  if (!g_str_equal (g_bytes_get_data (message, NULL), "nest"))
    return;

  /* The loop ends only if no source stays ready. A source that stayed ready would keep a main loop
   * from sleeping. */
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (*n_messages, ==, n);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  guint n_messages = 0;

  g_test_summary ("While a message handler runs a main loop, no other message is delivered, "
                  "even if libsoup has just read a ping");

  g_signal_connect (fixture->task, "message", G_CALLBACK (nest_cb), &n_messages);
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, "nest");
  raw_peer_send (peer, RAW_PING, "1", 1);
  raw_peer_send_text (peer, "nest");
  raw_peer_send (peer, RAW_PING, "2", 1);
  raw_peer_send_text (peer, "last");
  raw_peer_gather (peer, FALSE);
  signal_log_expect (fixture->log, "message:text:nest message:text:nest message:text:last");
  raw_peer_expect (peer, "pong:1 pong:2");
}

static void
nest_in_open_cb (Fixture *fixture)
{
  RawPeer *peer = raw_server_get_peer (fixture->raw, 0);

  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, "nest");
  raw_peer_send_text (peer, "nest");
  raw_peer_send_text (peer, "last");
  raw_peer_gather (peer, FALSE);
  wait_until (signal_log_count (fixture->log, "message") > 0);
}

static void
test_nested_in_open (Fixture       *fixture,
                     gconstpointer  data)
{
  guint n_messages = 0;

  g_test_summary ("While a message handler runs a main loop, no other message is delivered, "
                  "even if a handler for `open` runs the loop that has delivered the message");

  g_signal_connect_swapped (fixture->task, "open", G_CALLBACK (nest_in_open_cb), fixture);
  g_signal_connect (fixture->task, "message", G_CALLBACK (nest_cb), &n_messages);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN " message:text:nest message:text:nest "
                                   "message:text:last");
}

/* The main loop runs long enough for the message of the next connection to arrive. */
static void
nest_next_link_cb (HbWebsocketTask       *task,
                   SoupWebsocketDataType  type,
                   GBytes                *message,
                   Fixture               *fixture)
{
  if (!g_str_equal (g_bytes_get_data (message, NULL), "nest"))
    return;

  hb_websocket_task_reconnect_now (task);
  raw_peer_send_text (raw_server_wait_peer (fixture->raw, 1), "next");
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
  wait_pass (20);
  g_assert_cmpuint (signal_log_count (fixture->log, "message"), ==, 1);
}

static void
test_nested_next_link (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("While a message handler runs a main loop, no message of the next "
                  "connection is delivered");

  g_signal_connect (fixture->task, "message", G_CALLBACK (nest_next_link_cb), fixture);
  raw_peer_send_text (peer, "nest");
  signal_log_expect (fixture->log, "message:text:nest state:connecting close:1006 connecting "
                                   "state:open open message:text:next");
}

static void
act_cb (HbWebsocketTask       *task,
        SoupWebsocketDataType  type,
        GBytes                *message,
        gpointer               user_data)
{
  const char *text = g_bytes_get_data (message, NULL);

  if (g_str_equal (text, "close"))
    hb_websocket_task_close (task, 4000, "bye");
  else if (g_str_equal (text, "reconnect"))
    hb_websocket_task_reconnect_now (task);
  else if (g_str_equal (text, "pause"))
    hb_websocket_task_set_paused (task, TRUE);
  else if (g_str_equal (text, "limit"))
    hb_websocket_task_set_max_message_size (task, 5);
  else if (g_str_equal (text, "dispose"))
    g_object_run_dispose (G_OBJECT (task));
}

static void
send_and_more (Fixture    *fixture,
               RawPeer    *peer,
               const char *text)
{
  g_signal_connect (fixture->task, "message", G_CALLBACK (act_cb), NULL);
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, text);
  raw_peer_send_text (peer, "more");
  raw_peer_send_text (peer, "longer");
  raw_peer_gather (peer, FALSE);
}

/* After the client's close frame, the server's data is read and dropped up to the server's close
 * frame. */
static void
test_close_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  send_and_more (fixture, peer, "close");
  signal_log_expect (fixture->log, "message:text:close state:closing");
  raw_peer_expect (peer, "close:4000:bye");
  raw_peer_send_text (peer, "after");
  raw_peer_send_close (peer, 4000, NULL);
  signal_log_expect (fixture->log, "state:closed close:4000");
}

static void
test_reconnect_in_handler (Fixture       *fixture,
                           gconstpointer  data)
{
  send_and_more (fixture, fixture_open_raw (fixture), "reconnect");
  signal_log_expect (fixture->log, "message:text:reconnect");
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
}

static void
test_pause_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  send_and_more (fixture, fixture_open_raw (fixture), "pause");
  signal_log_expect (fixture->log, "message:text:pause");
  wait_idle ();
  signal_log_expect_quiet (fixture->log);
  hb_websocket_task_set_paused (fixture->task, FALSE);
  signal_log_expect (fixture->log, "message:text:more message:text:longer");
}

static void
test_limit_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  send_and_more (fixture, peer, "limit");
  signal_log_expect (fixture->log, "message:text:limit message:text:more");
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
  raw_peer_expect (peer, "close:1009");
}

static void
test_dispose_in_handler (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  send_and_more (fixture, peer, "dispose");
  signal_log_expect (fixture->log, "message:text:dispose");
  raw_peer_expect_end (peer);
}

/* Calls @func when the task has read part of a message. Then sends the rest and another message. */
static void
interrupt (Fixture *fixture,
           void (*func) (HbWebsocketTask *task, guint *n_heard),
           guint   *n_heard)
{
  RawPeer *peer = fixture_open_raw (fixture);
  g_autoptr (GByteArray) bytes = raw_frame_from_hex ("81 7e ffff 61*65535 81 01 62");

  raw_peer_write (peer, bytes->data, 50000);
  raw_peer_wait_delivered (peer);
  wait_idle ();
  func (fixture->task, n_heard);
  raw_peer_write (peer, bytes->data + 50000, bytes->len - 50000);
}

static void
lower_limit (HbWebsocketTask *task,
             guint           *n_heard)
{
  hb_websocket_task_set_max_message_size (task, 60000);
}

static void
test_lower_limit (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("If max-message-size is lowered below the length of a message that is partly "
                  "received, libsoup refuses the message");

  interrupt (fixture, lower_limit, NULL);
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
}

static void
heard_cb (SoupWebsocketConnection *connection,
          SoupWebsocketDataType    type,
          GBytes                  *message,
          guint                   *n_heard)
{
  (*n_heard)++;
}

static void
start_listening (HbWebsocketTask *task,
                 guint           *n_heard)
{
  g_signal_connect (hb_websocket_task_get_connection (task), "message", G_CALLBACK (heard_cb),
                    n_heard);
}

static void
test_start_listening (Fixture       *fixture,
                      gconstpointer  data)
{
  guint n_heard = 0;

  g_test_summary ("A handler that is connected to libsoup's connection in the middle of a message "
                  "receives the whole message");

  interrupt (fixture, start_listening, &n_heard);
  signal_log_expect (fixture->log, "message:text:65535 message:text:b");
  wait_until (n_heard == 2);
}

/* The pong arrives in two pieces, between the fragments of a message. The pong must count as the
 * reply, but not before it is complete. */
static void
expect_reply (Fixture    *fixture,
              RawPeer    *peer,
              const char *payload)
{
  guint64 n_replies = get_metric (fixture->task, hb_metrics_get_replies);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  raw_frame_append (bytes, RAW_TEXT, "a", 1);
  raw_frame_append (bytes, RAW_FIN | RAW_PONG, payload, strlen (payload));
  raw_frame_append (bytes, RAW_FIN, "b", 1);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:heartbeat");
  raw_peer_write (peer, bytes->data, 6);
  raw_peer_wait_delivered (peer);
  wait_idle ();
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_replies), ==, n_replies);
  raw_peer_write (peer, bytes->data + 6, bytes->len - 6);
  signal_log_expect (fixture->log, "message:text:ab");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_replies), ==, n_replies + 1);
}

static void
test_pongs (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("A pong counts as the reply to a ping, whatever its payload is, and whether or "
                  "not libsoup receives it. After a call to get_connection (), libsoup receives "
                  "each pong");

  n_pongs = 0;
  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  peer = fixture_open_raw (fixture);
  expect_reply (fixture, peer, "heartbeat");
  expect_reply (fixture, peer, "another");
  g_assert_cmpuint (n_pongs, ==, 0);

  g_assert_nonnull (hb_websocket_task_get_connection (fixture->task));
  expect_reply (fixture, peer, "heartbeat");
  expect_reply (fixture, peer, "another");
  g_assert_cmpuint (n_pongs, ==, 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  count_emissions ("pong", &n_pongs);

  add_raw_test ("/loopback/lane-handlers/nested", test_nested);
  add_raw_test ("/loopback/lane-handlers/nested-in-open", test_nested_in_open);
  add_raw_test ("/loopback/lane-handlers/nested-next-link", test_nested_next_link);
  add_raw_test ("/loopback/lane-handlers/close", test_close_in_handler);
  add_raw_test ("/loopback/lane-handlers/reconnect", test_reconnect_in_handler);
  add_raw_test ("/loopback/lane-handlers/pause", test_pause_in_handler);
  add_raw_test ("/loopback/lane-handlers/limit", test_limit_in_handler);
  add_raw_test ("/loopback/lane-handlers/dispose", test_dispose_in_handler);
  add_raw_test ("/loopback/lane-handlers/lower-limit", test_lower_limit);
  add_raw_test ("/loopback/lane-handlers/start-listening", test_start_listening);
  add_raw_test ("/loopback/lane-handlers/pongs", test_pongs);

  return g_test_run ();
}
