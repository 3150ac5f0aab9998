/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "footing.h"
#include "raw-frame.h"

/* More bytes than the kernel buffers for a peer that does not read */
#define BIG (4 * 1024 * 1024)

static void
send_and_close (Fixture *fixture)
{
  footing_send (fixture, 10);
  hb_websocket_task_close (fixture->task, 4000, "bye");
}

static void
test_close_in_handler (Fixture       *fixture,
                       const Footing *footing)
{
  FootingListener listener = { .act = send_and_close, .act_at = 0 };
  RawPeer *peer = footing_open (fixture);

  g_test_summary ("The server receives the messages that a handler sends before it calls close (), "
                  "and then the close frame");

  footing_listen (fixture, &listener);
  footing_say (fixture, 1, 20);
  footing_expect (fixture, 10);

  if (peer != NULL)
    {
      raw_peer_expect (peer, "close:4000:bye");
      raw_peer_send_close (peer, 4000, "bye");
    }

  signal_log_expect (fixture->log, "state:closing");
  signal_log_skip_to (fixture->log, "state:closed");
  signal_log_expect (fixture->log, "close:4000:bye");

  if (peer == NULL)
    wait_until (test_server_get_close_code (fixture->server) == 4000);
}

static void
test_close_before_the_end (Fixture       *fixture,
                           const Footing *footing)
{
  FootingListener listener = { .act = send_and_close, .act_at = 0 };
  RawPeer *peer = footing_open (fixture);

  g_test_summary ("A server that half-closes the connection without a close frame still receives "
                  "the messages and the close frame that a handler for an earlier message sends");

  footing_listen (fixture, &listener);
  footing_say (fixture, 1, 20);
  raw_peer_half_close (peer);
  footing_expect (fixture, 10);
  raw_peer_expect (peer, "close:4000:bye");
  signal_log_expect (fixture->log, "state:closing");
  signal_log_skip_to (fixture->log, "state:closed");
  signal_log_expect (fixture->log, "close:1006");
  raw_peer_expect_end (peer);
}

static void
test_close_behind_backlog (Fixture       *fixture,
                           const Footing *footing)
{
  RawPeer *peer = footing_open (fixture);
  g_autoptr (GBytes) dice = footing_make_dice (BIG);

  g_test_summary ("If the server ends the connection before the close frame is sent, the task "
                  "reports the unsent messages");

  raw_peer_pause (peer);
  hb_websocket_task_send_bytes (fixture->task, dice, NULL);
  wait_idle ();
  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_half_close (peer);
  signal_log_expect (fixture->log, "state:closing state:closed error:closed close:1006");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);

  /* The rest of the message does not arrive, so the close frame must not arrive either. */
  raw_peer_resume (peer);
  raw_peer_expect_end (peer);
}

/* Sends a close frame before the end of the stream if @code is not 0. All messages must be
 * delivered before the signal @word. */
static void
end_with_messages (Fixture    *fixture,
                   guint       code,
                   const char *word)
{
  FootingListener listener = { .answers = TRUE };
  RawPeer *peer = footing_open (fixture);

  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  footing_listen (fixture, &listener);
  raw_peer_gather (peer, TRUE);
  footing_say (fixture, 300, 20);
  if (code != 0)
    raw_peer_send_close (peer, code, "restart");
  raw_peer_gather (peer, FALSE);
  raw_peer_half_close (peer);
  signal_log_skip_to (fixture->log, word);
  g_assert_cmpuint (listener.n_messages, ==, 300);
  footing_expect (fixture, 300);
  if (code != 0)
    raw_peer_expect (peer, word);
  raw_peer_expect_end (peer);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
  signal_log_forget (fixture->log);
}

static void
test_all_at_once (Fixture       *fixture,
                  const Footing *footing)
{
  g_test_summary ("If messages, a close frame and the end of the stream arrive together, all "
                  "messages are delivered before `close` is emitted, and the answers of the "
                  "handler arrive");

  end_with_messages (fixture, 1001, "close:1001:restart");
}

static void
test_end_without_close_frame (Fixture       *fixture,
                              const Footing *footing)
{
  g_test_summary ("If messages and the end of the stream arrive together, all messages are "
                  "delivered, and the answers of the handler arrive");

  end_with_messages (fixture, 0, "close:1006");
}

static void
test_reset (Fixture       *fixture,
            const Footing *footing)
{
  FootingListener listener = { .answers = TRUE, .usleep = 200 };
  RawPeer *peer = footing_open (fixture);
  g_autoptr (GBytes) dice = footing_make_dice (BIG);
  guint n_answers;

  g_test_summary ("After a reset while bytes are in transit in both directions, received messages "
                  "are delivered, and unsent messages are sent on the next connection, in order");

  footing_listen (fixture, &listener);
  raw_peer_pause (peer);
  hb_websocket_task_send_bytes (fixture->task, dice, NULL);
  wait_idle ();
  footing_say (fixture, 300, 20);
  raw_peer_wait_delivered (peer);
  raw_peer_reset (peer);
  signal_log_skip_to (fixture->log, "reconnect:1:20");
  n_answers = listener.n_messages;
  g_test_message ("%u of 300 messages were delivered", n_answers);
  g_assert_cmpuint (n_answers, ==, 300);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 0);

  peer = raw_server_wait_peer (fixture->raw, 1);
  raw_peer_expect (peer, "binary:4194304");
  footing_expect (fixture, n_answers);
  signal_log_expect (fixture->log, WORDS_OPEN " drain");
}

static void
send_and_dispose (Fixture *fixture)
{
  footing_send (fixture, 5);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), >, 0);
  g_object_run_dispose (G_OBJECT (fixture->task));
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
test_disposal (Fixture       *fixture,
               const Footing *footing)
{
  FootingListener listener = { .act = send_and_dispose, .act_at = 10 };
  RawPeer *peer = footing_open (fixture);

  g_test_summary ("If a handler disposes of the task while received and unsent bytes are buffered, "
                  "no further message is sent or delivered");

  footing_listen (fixture, &listener);
  footing_say (fixture, 300, 20);

  if (peer != NULL)
    {
      raw_peer_expect_end (peer);
    }
  else
    {
      wait_until (soup_websocket_connection_get_state (test_server_get_connection (fixture->server))
                  == SOUP_WEBSOCKET_STATE_CLOSED);
      g_assert_cmpstr (test_server_get_received (fixture->server), ==, "");
    }

  g_assert_cmpuint (listener.n_messages, ==, 11);
  signal_log_expect_quiet (fixture->log);
}

static void
send_and_drop (Fixture *fixture)
{
  footing_send (fixture, 5);
  g_clear_object (&fixture->task);
}

static void
test_last_reference (Fixture       *fixture,
                     const Footing *footing)
{
  FootingListener listener = { .act = send_and_drop, .act_at = 10 };
  RawPeer *peer = footing_open (fixture);

  g_test_summary ("A handler may drop the last reference to the task while received and unsent "
                  "bytes are buffered");

  footing_listen (fixture, &listener);
  footing_say (fixture, 300, 20);
  raw_peer_expect_end (peer);
  g_assert_cmpuint (listener.n_messages, ==, 11);
}

static void
toggled_cb (gpointer  user_data,
            GObject  *task,
            gboolean  is_last)
{
  (*(guint *) user_data)++;
}

static void
test_toggled (Fixture       *fixture,
              const Footing *footing)
{
  const guint n_messages = 300;
  FootingListener listener = { 0 };
  guint n_toggled = 0;

  g_test_summary ("The toggle reference that a language binding holds is not toggled for each "
                  "message");

  footing_listen (fixture, &listener);
  footing_open (fixture);
  g_object_add_toggle_ref (G_OBJECT (fixture->task), toggled_cb, &n_toggled);
  g_object_unref (fixture->task);
  footing_say (fixture, n_messages, 20);
  wait_until (listener.n_messages == n_messages);
  g_assert_cmpuint (n_toggled, <, n_messages / 2);

  g_object_ref (fixture->task);
  g_object_remove_toggle_ref (G_OBJECT (fixture->task), toggled_cb, &n_toggled);
  signal_log_forget (fixture->log);
}

typedef struct
{
  RawPeer    *peer;
  GByteArray *bytes;
  guint       at;
} Dribble;

static gboolean
dribble_cb (gpointer user_data)
{
  Dribble *dribble = user_data;

  raw_peer_write (dribble->peer, dribble->bytes->data + dribble->at, 1);
  dribble->at++;

  return dribble->at < dribble->bytes->len;
}

static void
test_dribble (Fixture       *fixture,
              const Footing *footing)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Dribble dribble = { .bytes = bytes };
  g_autofree char *text = g_strnfill (40, 'x');

  g_test_summary ("Each byte of a frame counts as activity, so the frame may take longer to "
                  "arrive than the timeouts of the heartbeat");

  hb_websocket_task_set_ping_timeout (fixture->task, 100);
  hb_websocket_task_set_pong_timeout (fixture->task, 100);
  raw_frame_append (bytes, RAW_FIN | RAW_TEXT, text, 40);
  dribble.peer = footing_open (fixture);
  g_timeout_add (15, dribble_cb, &dribble);
  signal_log_expect (fixture->log, "message:text:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
  g_assert_cmpuint (dribble.at, ==, bytes->len);
  raw_peer_forget (dribble.peer);
}

static gboolean
read_some_cb (gpointer user_data)
{
  RawPeer *peer = user_data;

  raw_peer_resume (peer);
  g_main_context_iteration (NULL, FALSE);
  raw_peer_pause (peer);

  return G_SOURCE_CONTINUE;
}

static void
test_slow_upload (Fixture       *fixture,
                  const Footing *footing)
{
  g_autoptr (GBytes) dice = footing_make_dice (BIG);
  RawPeer *peer = footing_open (fixture);
  gint64 start = g_get_monotonic_time ();
  guint source;

  g_test_summary ("Each part of a message that the server reads slowly counts as activity");

  hb_websocket_task_set_ping_timeout (fixture->task, 100);
  hb_websocket_task_set_pong_timeout (fixture->task, 100);
  raw_peer_pause (peer);
  hb_websocket_task_send_bytes (fixture->task, dice, NULL);
  source = g_timeout_add (25, read_some_cb, peer);
  wait_pass (500);
  g_test_message ("%" G_GUINT64_FORMAT " bytes were written", system_calls_get ().n_written);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, BIG);
  g_assert_cmpint (g_get_monotonic_time () - start, >, 500000);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_expect_quiet (fixture->log);
  g_source_remove (source);
}

#define PREFIX "/loopback/stream-ends/"

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The ways in which a connection can end while data is in transit.");

  ignore_debug_messages ();

  footing_add_all (PREFIX "close-in-handler", test_close_in_handler);
  footing_add_raw (PREFIX "close-before-the-end", test_close_before_the_end);
  footing_add_raw (PREFIX "close-behind-backlog", test_close_behind_backlog);
  footing_add_raw (PREFIX "all-at-once", test_all_at_once);
  footing_add_raw (PREFIX "end-without-close-frame", test_end_without_close_frame);
  footing_add_raw (PREFIX "reset", test_reset);
  footing_add_all (PREFIX "disposal", test_disposal);
  footing_add_raw (PREFIX "last-reference", test_last_reference);
  footing_add_raw (PREFIX "toggled", test_toggled);
  footing_add_raw (PREFIX "dribble", test_dribble);
  footing_add_raw (PREFIX "slow-upload", test_slow_upload);

  return g_test_run ();
}
