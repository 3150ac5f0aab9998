/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "footing.h"
#include "raw-frame.h"

/* More bytes than the kernel buffers for a peer that does not read */
#define BIG      (4 * 1024 * 1024)
#define BIG_WORD "binary:4194304"

static void
send_dice (Fixture *fixture,
           gsize    length)
{
  g_autoptr (GBytes) dice = footing_make_dice (length);

  assert_sends_bytes (fixture->task, dice);
}

/* The size of a message, the value of fragment-size, and the expected first byte (in hexadecimal)
 * and length of each frame */
typedef struct
{
  gsize       length;
  guint       fragment_size;
  const char *log;
} Case;

#define DEFAULT 32760

static const Case cases[] = {
  { 0, DEFAULT, "82:0" },
  { 125, DEFAULT, "82:125" },
  { 32760, DEFAULT, "82:32760" },
  { 32761, DEFAULT, "02:32760 80:1" },
  { 100000, DEFAULT, "02:32760 00:32760 00:32760 80:1720" },
  { 4, 1, "02:1 00:1 00:1 80:1" },
  { 0, 1, "82:0" },
  { 200000, 0, "82:200000" },
  { 200000, G_MAXUINT, "82:200000" },
  { 200000, 100000, "02:100000 80:100000" },
};

static void
test_sizes (Fixture       *fixture,
            const Footing *footing)
{
  RawPeer *peer = footing_open (fixture);
  guint i;

  g_test_summary ("No frame has a payload longer than fragment-size, unless this is 0, and only "
                  "the last frame of a message has FIN");

  g_assert_cmpuint (hb_websocket_task_get_fragment_size (fixture->task), ==, DEFAULT);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *word = g_strdup_printf ("binary:%" G_GSIZE_FORMAT, cases[i].length);
      g_autofree char *log = NULL;

      hb_websocket_task_set_fragment_size (fixture->task, cases[i].fragment_size);
      send_dice (fixture, cases[i].length);
      raw_peer_expect (peer, word);
      log = raw_peer_take_log (peer);
      g_assert_cmpstr (log, ==, cases[i].log);
    }

  signal_log_forget (fixture->log);
}

/* The server does not read, so the kernel accepts only part of the message. */
static RawPeer *
send_in_part (Fixture *fixture)
{
  RawPeer *peer = footing_open (fixture);

  raw_peer_pause (peer);
  send_dice (fixture, BIG);
  wait_idle ();
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, BIG);

  return peer;
}

static void
test_pong (Fixture       *fixture,
           const Footing *footing)
{
  RawPeer *peer = send_in_part (fixture);

  g_test_summary ("A ping that arrives while a message of many frames is partly sent is answered "
                  "before the end of the message");

  raw_peer_send (peer, RAW_PING, "one", 3);
  raw_peer_wait_delivered (peer);
  wait_idle ();
  raw_peer_resume (peer);
  raw_peer_expect (peer, "pong:one " BIG_WORD);
  signal_log_expect (fixture->log, "drain");
}

static void
test_pong_after_whole (Fixture       *fixture,
                       const Footing *footing)
{
  RawPeer *peer;

  g_test_summary ("A ping that arrives while a message of one frame is partly sent is answered "
                  "after the message");

  hb_websocket_task_set_fragment_size (fixture->task, 0);
  peer = send_in_part (fixture);
  raw_peer_send (peer, RAW_PING, "one", 3);
  raw_peer_wait_delivered (peer);
  wait_idle ();
  raw_peer_resume (peer);
  raw_peer_expect (peer, BIG_WORD " pong:one");
  signal_log_expect (fixture->log, "drain");
}

static void
expect_own_ping (Fixture         *fixture,
                 HbHeartbeatMode  mode,
                 const char      *words)
{
  RawPeer *peer = send_in_part (fixture);

  hb_websocket_task_set_heartbeat_mode (fixture->task, mode);
  hb_websocket_task_check (fixture->task);
  raw_peer_resume (peer);
  raw_peer_expect (peer, words);
  signal_log_expect (fixture->log, "drain");
}

static void
test_ping_frame (Fixture       *fixture,
                 const Footing *footing)
{
  g_test_summary ("A ping frame is sent between two frames of a message");

  expect_own_ping (fixture, HB_HEARTBEAT_MODE_PING, "ping:heartbeat " BIG_WORD);
}

static void
test_ping_message (Fixture       *fixture,
                   const Footing *footing)
{
  g_test_summary ("In mode MESSAGE, the ping is sent after the message that is partly sent");

  expect_own_ping (fixture, HB_HEARTBEAT_MODE_MESSAGE, BIG_WORD " text:heartbeat");
}

static void
test_order (Fixture       *fixture,
            const Footing *footing)
{
  RawPeer *peer = send_in_part (fixture);
  SoupWebsocketConnection *connection = hb_websocket_task_get_connection (fixture->task);

  g_test_summary ("Messages that the application sends with libsoup follow the message that is "
                  "partly sent, and precede those in the queue");

  assert_sends (fixture->task, "next");
  hb_websocket_task_check (fixture->task);
  soup_websocket_connection_send_text (connection, "own");
  raw_peer_resume (peer);
  raw_peer_expect (peer, BIG_WORD);
  raw_peer_expect (peer, "text:own text:heartbeat text:next");
  signal_log_expect (fixture->log, "drain");
}

static void
test_change (Fixture       *fixture,
             const Footing *footing)
{
  RawPeer *peer = send_in_part (fixture);
  g_autofree char *log = NULL;

  g_test_summary ("A change of fragment-size while a message is partly sent applies to the next "
                  "message");

  hb_websocket_task_set_fragment_size (fixture->task, 1000);
  send_dice (fixture, 1001);
  raw_peer_resume (peer);
  raw_peer_expect (peer, BIG_WORD " binary:1001");
  log = raw_peer_take_log (peer);
  g_assert_true (g_str_has_prefix (log, "02:32760 00:32760 "));
  g_assert_true (g_str_has_suffix (log, " 80:1024 02:1000 80:1"));
  signal_log_expect (fixture->log, "drain");
}

static void
test_close (Fixture       *fixture,
            const Footing *footing)
{
  RawPeer *peer = send_in_part (fixture);

  g_test_summary ("If a message is partly sent, close () sends the rest of the message first");

  hb_websocket_task_set_close_timeout (fixture->task, G_MAXINT);
  hb_websocket_task_close (fixture->task, 4000, "done");
  raw_peer_resume (peer);
  raw_peer_expect (peer, BIG_WORD " close:4000:done");
  raw_peer_send_close (peer, 4000, "done");
  signal_log_skip_to (fixture->log, "close:4000:done");
}

static void
test_closed_by_server (Fixture       *fixture,
                       const Footing *footing)
{
  RawPeer *peer = send_in_part (fixture);
  g_autofree char *log = NULL;

  g_test_summary ("If the server sends a close frame while a message is partly sent, the message "
                  "is sent again on the next connection, from its first frame");

  assert_sends (fixture->task, "next");
  raw_peer_send_close (peer, 1001, NULL);
  signal_log_skip_to (fixture->log, "close:1001");
  peer = raw_server_wait_peer (fixture->raw, 1);
  raw_peer_expect (peer, BIG_WORD " text:next");
  log = raw_peer_take_log (peer);
  g_assert_true (g_str_has_prefix (log, "02:32760 00:32760 "));
  signal_log_skip_to (fixture->log, "drain");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 2);
}

static void
test_compressed (Fixture       *fixture,
                 const Footing *footing)
{
  g_autofree char *word = NULL;
  g_autofree char *log = NULL;
  RawPeer *peer;

  g_test_summary ("With compression, libsoup sends each message as one frame");

  hb_websocket_task_set_compression (fixture->task, TRUE);
  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) RAW_DEFLATE);
  peer = footing_open (fixture);
  send_dice (fixture, 100000);
  word = raw_peer_take (peer);
  g_assert_true (g_str_has_prefix (word, "binary:100"));
  log = raw_peer_take_log (peer);
  g_assert_true (g_str_has_prefix (log, "c2:100"));
  g_assert_null (strchr (log, ' '));
  signal_log_forget (fixture->log);
}

#define PREFIX "/loopback/fragments/"

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Long messages in several frames, and other frames between them.");

  ignore_debug_messages ();

  footing_add_raw (PREFIX "sizes", test_sizes);
  footing_add_raw (PREFIX "pong", test_pong);
  footing_add_raw (PREFIX "pong-after-whole", test_pong_after_whole);
  footing_add_raw (PREFIX "ping-frame", test_ping_frame);
  footing_add_raw (PREFIX "ping-message", test_ping_message);
  footing_add_raw (PREFIX "order", test_order);
  footing_add_raw (PREFIX "change", test_change);
  footing_add_raw (PREFIX "close", test_close);
  footing_add_raw (PREFIX "closed-by-server", test_closed_by_server);
  footing_add_raw (PREFIX "compressed", test_compressed);

  return g_test_run ();
}
