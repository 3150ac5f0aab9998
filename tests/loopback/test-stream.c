/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "footing.h"
#include "raw-frame.h"

/* The maximum number of bytes that the stream reads or gathers at once */
#define BLOCK (65 * 1024)

/* More bytes than the kernel buffers for a peer that does not read */
#define BIG (4 * 1024 * 1024)

static guint
count_writes (void)
{
  return system_calls_get ().n_writes;
}

static void
test_lone (Fixture       *fixture,
           const Footing *footing)
{
  guint i;

  g_test_summary ("A single message is written in the call that sends it, with one write");

  footing_open (fixture);

  for (i = 0; i < 5; i++)
    {
      system_calls_reset ();
      footing_send (fixture, 1);
      g_assert_cmpuint (count_writes (), ==, 1);
      g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
      footing_expect (fixture, 1);
      g_assert_cmpuint (count_writes (), ==, 1);
    }
}

static void
test_burst (Fixture       *fixture,
            const Footing *footing)
{
  g_test_summary ("Messages of one iteration that fit into a block are sent in two writes: the "
                  "first message, and the rest");

  footing_open (fixture);
  footing_send (fixture, 200);
  g_assert_cmpuint (count_writes (), ==, 1);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), >, 0);
  footing_expect (fixture, 200);
  g_assert_cmpuint (count_writes (), ==, 2);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
test_block (Fixture       *fixture,
            const Footing *footing)
{
  g_autofree char *text = g_strnfill (200, 'x');
  guint i;

  g_test_summary ("Gathered messages are sent when they fill a block, in the same iteration");

  footing_open (fixture);
  for (i = 0; i < 500; i++)
    assert_sends (fixture->task, text);

  g_assert_cmpuint (system_calls_get ().n_written, >, BLOCK - 300);
  g_assert_cmpuint (system_calls_get ().n_written, <, BLOCK + 1000);

  /* TLS writes each record separately, and a record has at most 16 KiB. */
  g_assert_cmpuint (count_writes (), <=, footing->is_tls ? 6 : 2);
  wait_until (raw_peer_get_n_frames (raw_server_get_peer (fixture->raw, 0)) == 500);

  /* The kernel may refuse a part of the messages behind the first block, because the server has not
   * read that block yet. */
  g_assert_cmpuint (count_writes (), <=, footing->is_tls ? 12 : 4);
  signal_log_forget (fixture->log);
  raw_peer_forget (raw_server_get_peer (fixture->raw, 0));
}

static void
test_answers (Fixture       *fixture,
              const Footing *footing)
{
  FootingListener listener = { .answers = TRUE };

  g_test_summary ("Messages that handlers send during a delivery are sent at the end of the "
                  "delivery, or earlier if they fill a block");

  footing_open (fixture);
  footing_listen (fixture, &listener);
  footing_say (fixture, 500, 20);
  footing_expect (fixture, 500);
  g_test_message ("%u writes", count_writes ());
  g_assert_cmpuint (count_writes (), <=, 20);
  signal_log_forget (fixture->log);
}

static void
test_flood (Fixture       *fixture,
            const Footing *footing)
{
  const guint n_messages = 8000;
  FootingListener listener = { 0 };
  SystemCalls calls;

  g_test_summary ("Many small messages take few reads, and few new sources");

  footing_open (fixture);
  footing_listen (fixture, &listener);
  footing_say (fixture, n_messages, 125);
  wait_until (listener.n_messages == n_messages);
  calls = system_calls_get ();
  g_test_message ("%u reads, %u sources, %u polls", calls.n_reads, calls.n_sources, calls.n_polls);

  /* The limit allows for data that has not arrived when the client reads. TLS reads each record
   * separately, and libsoup's server makes one record for each message. */
  if (!footing->is_tls)
    g_assert_cmpuint (calls.n_reads, <=, 4 * n_messages * 127 / BLOCK);
  g_assert_cmpuint (calls.n_sources, <=, n_messages / 10);
}

static void
test_one_at_a_time (Fixture       *fixture,
                    const Footing *footing)
{
  SystemCalls calls;
  guint i;

  g_test_summary ("A single message requires one read, and no new source");

  footing_open (fixture);

  for (i = 0; i < 100; i++)
    {
      raw_peer_send_text (raw_server_get_peer (fixture->raw, 0), "hi");
      signal_log_expect (fixture->log, "message:text:hi");
    }

  calls = system_calls_get ();
  g_assert_cmpuint (calls.n_reads, ==, 100);
  g_assert_cmpuint (calls.n_sources, ==, 0);
  g_assert_cmpuint (calls.n_polls, ==, 0);
}

static void
test_fairness (Fixture       *fixture,
               const Footing *footing)
{
  const guint n_messages = 6000;
  FootingListener listener = { .usleep = 50 };
  guint n_turns = 0;
  guint idle;

  g_test_summary ("A source with idle priority runs while a slow handler receives a flood of "
                  "messages");

  footing_open (fixture);
  footing_listen (fixture, &listener);
  idle = g_idle_add (count_turn_cb, &n_turns);
  footing_say (fixture, n_messages, 125);
  wait_until (listener.n_messages > 0);
  n_turns = 0;
  wait_until (listener.n_messages == n_messages);
  g_test_message ("%u iterations", n_turns);

  /* The handler takes at least 300 ms for all messages, so at least 75 iterations of 4 ms are
   * possible. */
  g_assert_cmpuint (n_turns, >=, 30);
  g_source_remove (idle);
}

static void
test_pings_between (Fixture       *fixture,
                    const Footing *footing)
{
  RawPeer *peer = footing_open (fixture);
  FootingListener listener = { .answers = TRUE };
  guint i;

  g_test_summary ("libsoup's pongs keep their place among the answers of the application");

  footing_listen (fixture, &listener);
  raw_peer_gather (peer, TRUE);
  for (i = 0; i < 50; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      raw_peer_send_text (peer, number);
      raw_peer_send (peer, RAW_PING, number, strlen (number));
    }
  raw_peer_gather (peer, FALSE);

  for (i = 0; i < 50; i++)
    {
      g_autofree char *words = g_strdup_printf ("text:m%u pong:%u", i, i);

      raw_peer_expect (peer, words);
    }

  g_assert_cmpuint (count_writes (), <=, 10);
  signal_log_forget (fixture->log);
}

/* The pongs and answers of one delivery are longer than a block, so the stream writes a block
 * before the delivery ends, and only a short remainder at its end. The socket usually becomes full
 * during the first of these writes. */
#define N_ANSWERS 66
#define N_PINGS 8 /* pings for each answer */

static void
answer_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           guint                 *n_answers)
{
  g_autoptr (GBytes) dice = footing_make_dice (131);

  assert_sends_bytes (task, dice);
  (*n_answers)++;
}

/* Sends pings and messages until the client cannot write its pongs and answers. */
static void
ask_until_full (Fixture *fixture,
                RawPeer *peer,
                guint   *n_answers)
{
  static const char ping[125];

  do
    {
      guint n_expected = *n_answers + N_ANSWERS;
      guint i;

      raw_peer_gather (peer, TRUE);
      for (i = 0; i < N_ANSWERS * N_PINGS; i++)
        {
          raw_peer_send (peer, RAW_PING, ping, sizeof ping);
          if (i % N_PINGS == 0)
            raw_peer_send_text (peer, "ask");
        }
      raw_peer_gather (peer, FALSE);
      wait_until (*n_answers == n_expected);
      wait_idle ();
    }
  while (hb_websocket_task_get_buffered_amount (fixture->task) == 0);
}

/* The pongs are not counted, because libsoup 3.8 and later versions do not answer every ping while
 * the socket is full. */
static void
expect_answers (RawPeer *peer,
                guint    n_answers)
{
  while (n_answers > 0)
    {
      g_autofree char *word = raw_peer_take (peer);

      if (!g_str_has_prefix (word, "pong:"))
        n_answers--;
    }
}

static void
test_stray_continuation (Fixture       *fixture,
                         const Footing *footing)
{
  /* The second frame is marked as compressed, and inflates to 20 bytes. */
  static const char * const strays[] = { "80 07 f248cdc9c90700", "c0 06 aaa8c0040000" };
  g_autoptr (GByteArray) hello = raw_frame_from_hex ("c1 07 f248cdc9c90700");
  guint i;

  g_test_summary ("A continuation frame after a compressed message is a protocol error, even "
                  "though it would be too big together with that message, or if it were inflated");

  hb_websocket_task_set_compression (fixture->task, TRUE);
  hb_websocket_task_set_max_message_size (fixture->task, 7);
  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) RAW_DEFLATE);

  for (i = 0; i < G_N_ELEMENTS (strays); i++)
    {
      g_autoptr (GByteArray) stray = raw_frame_from_hex (strays[i]);
      RawPeer *peer;

      if (i == 0)
        footing_open (fixture);
      else
        signal_log_skip_to (fixture->log, "open");

      peer = raw_server_get_peer (fixture->raw, i);
      raw_peer_write (peer, hello->data, hello->len);
      signal_log_skip_to (fixture->log, "message:text:Hello");
      raw_peer_write (peer, stray->data, stray->len);
      signal_log_skip_to (fixture->log, "error:soup-websocket-error-quark:1002");
      raw_peer_expect (peer, "close:1002");
    }

  signal_log_forget (fixture->log);
}

static void
test_inflated_size (Fixture       *fixture,
                    const Footing *footing)
{
  g_autoptr (GByteArray) hello = raw_frame_from_hex ("c1 07 f248cdc9c90700");
  RawPeer *peer;

  g_test_summary ("max-message-size limits the inflated size, even if the compressed size is "
                  "larger");

  hb_websocket_task_set_compression (fixture->task, TRUE);
  hb_websocket_task_set_max_message_size (fixture->task, 5);
  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) RAW_DEFLATE);
  peer = footing_open (fixture);
  raw_peer_write (peer, hello->data, hello->len);
  signal_log_skip_to (fixture->log, "message:text:Hello");
  hb_websocket_task_set_max_message_size (fixture->task, 4);
  raw_peer_write (peer, hello->data, hello->len);
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
  g_assert_nonnull (strstr (hb_websocket_task_get_last_error (fixture->task)->message,
                            "(4 bytes)"));
  raw_peer_forget (peer);
}

static void
test_control_frames (Fixture       *fixture,
                     const Footing *footing)
{
  RawPeer *peer;

  g_test_summary ("Control frames may be longer than max-message-size");

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_max_message_size (fixture->task, 1);
  peer = footing_open (fixture);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:heartbeat");
  raw_peer_send (peer, RAW_PONG, "heartbeat", 9);
  wait_until (hb_websocket_task_get_latency (fixture->task) >= 0);
  raw_peer_send (peer, RAW_PING, "question", 8);
  raw_peer_expect (peer, "pong:question");
  raw_peer_send_text (peer, "x");
  signal_log_expect (fixture->log, "message:text:x");
  raw_peer_send_close (peer, 1001, "later");
  signal_log_expect (fixture->log, "state:waiting close:1001:later reconnect:1:20");
  raw_peer_expect (peer, "close:1001:later");

  peer = raw_server_wait_peer (fixture->raw, 1);
  signal_log_skip_to (fixture->log, "open");
  raw_peer_send_text (peer, "xy");
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
  raw_peer_expect (peer, "close:1009");
}

static void
test_behind_pongs (Fixture       *fixture,
                   const Footing *footing)
{
  guint n_answers = 0;
  guint n_received = 0;
  RawPeer *peer;
  guint i;

  g_test_summary ("A message that is sent while a pong from libsoup waits for room in the "
                  "socket eventually counts as written, and arrives once");

  hb_websocket_task_set_compression (fixture->task, TRUE);
  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) RAW_DEFLATE);
  peer = footing_open (fixture);
  g_signal_connect (fixture->task, "message", G_CALLBACK (answer_cb), &n_answers);

  /* The frame that does not fit into the socket is a pong in most rounds. */
  for (i = 0; i < 8; i++)
    {
      raw_peer_pause (peer);
      ask_until_full (fixture, peer, &n_answers);
      raw_peer_resume (peer);
      wait_until (hb_websocket_task_get_buffered_amount (fixture->task) == 0);
      expect_answers (peer, n_answers - n_received);
      n_received = n_answers;
      g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, n_answers);
    }

  raw_peer_forget (peer);
  raw_peer_reset (peer);
  peer = raw_server_wait_peer (fixture->raw, 1);
  wait_until (hb_websocket_task_get_state (fixture->task) == HB_STATE_OPEN);
  wait_idle ();
  raw_peer_expect_quiet (peer);
  signal_log_forget (fixture->log);
}

/* pong-timeout is much longer than the test, so a second ping proves that the part of a frame ended
 * the wait for the reply to the first ping. */
static void
test_part_is_life (Fixture       *fixture,
                   const Footing *footing)
{
  RawPeer *peer = footing_open (fixture);

  g_test_summary ("A part of a frame counts as activity, so it ends the wait for the reply to a "
                  "ping");

  hb_websocket_task_set_pong_timeout (fixture->task, G_MAXINT);
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  raw_peer_expect (peer, "text:heartbeat");
  raw_peer_write (peer, "\x81", 1);
  raw_peer_expect (peer, "text:heartbeat");
}

/* Loses the connection when the kernel has accepted only a part of the big message. */
static void
lose_in_the_midst (Fixture *fixture)
{
  RawPeer *peer = footing_open (fixture);
  g_autoptr (GBytes) dice = footing_make_dice (BIG);

  if (peer != NULL)
    raw_peer_pause (peer);

  assert_sends (fixture->task, "first");
  assert_sends_bytes (fixture->task, dice);
  assert_sends (fixture->task, "last");
  wait_idle ();
  g_assert_cmpuint (system_calls_get ().n_written, >, 1000);
  g_assert_cmpuint (system_calls_get ().n_written, <, BIG);

  /* The big message counts as buffered until the kernel has accepted all of it. */
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, BIG + 4);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 1);

  if (peer != NULL)
    raw_peer_reset (peer);
  else
    test_server_drop (fixture->server);
}

static void
test_taken_in_part (Fixture       *fixture,
                    const Footing *footing)
{
  g_test_summary ("A message of which the kernel has accepted only a part is sent again as a "
                  "whole, before later messages");

  if (fixture->server != NULL)
    test_server_set_mode (fixture->server, TEST_SERVER_MUTE);

  lose_in_the_midst (fixture);
  signal_log_skip_to (fixture->log, "reconnect:1:20");

  if (fixture->server != NULL)
    {
      test_server_set_mode (fixture->server, TEST_SERVER_QUIET);
      wait_until (g_str_has_suffix (test_server_get_received (fixture->server), "last"));
      g_assert_cmpstr (test_server_get_received (fixture->server), ==, "4194304 last");
    }
  else
    {
      raw_peer_expect (raw_server_wait_peer (fixture->raw, 1), "binary:4194304 text:last");
    }

  signal_log_expect (fixture->log, WORDS_OPEN " drain");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 3);
}

static void
test_big_echo (Fixture       *fixture,
               const Footing *footing)
{
  g_autoptr (GBytes) dice = footing_make_dice (BIG);
  guint i;

  g_test_summary ("A message that the kernel accepts in parts arrives unchanged");

  test_server_set_mode (fixture->server, TEST_SERVER_ECHO);
  footing_open (fixture);

  for (i = 0; i < 2; i++)
    {
      assert_sends (fixture->task, "before");
      assert_sends_bytes (fixture->task, dice);
      signal_log_skip_to (fixture->log, "message:text:before");
      signal_log_skip_to (fixture->log, "message:binary:4194304");
      g_assert_true (g_bytes_equal (signal_log_get_message (fixture->log), dice));
    }

  fixture_close (fixture);
}

static void
test_deflated (Fixture       *fixture,
               const Footing *footing)
{
  SoupWebsocketConnection *connection;

  g_test_summary ("The extension permessage-deflate is negotiated");

  footing_open (fixture);
  connection = hb_websocket_task_get_connection (fixture->task);
  g_assert_nonnull (soup_websocket_connection_get_extensions (connection));
  g_assert_nonnull (strstr (test_server_get_header (fixture->server, "Sec-WebSocket-Extensions"),
                            "permessage-deflate"));
}

#define PREFIX "/loopback/stream/"

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The library's own stream makes few system calls, counts the bytes that the "
                  "kernel has accepted, and lets other sources run.");

  ignore_debug_messages ();

  footing_add_all (PREFIX "lone", test_lone);
  footing_add_all (PREFIX "burst", test_burst);
  footing_add_raw (PREFIX "block", test_block);
  footing_add_all (PREFIX "answers", test_answers);
  footing_add_all (PREFIX "flood", test_flood);
  footing_add (PREFIX "one-at-a-time", &footing_raw, test_one_at_a_time);
  footing_add_all (PREFIX "fairness", test_fairness);
  footing_add_raw (PREFIX "pings-between", test_pings_between);
  footing_add_raw (PREFIX "behind-pongs", test_behind_pongs);
  footing_add_raw (PREFIX "stray-continuation", test_stray_continuation);
  footing_add_raw (PREFIX "inflated-size", test_inflated_size);
  footing_add_raw (PREFIX "control-frames", test_control_frames);
  footing_add_raw (PREFIX "part-is-life", test_part_is_life);
  footing_add_all (PREFIX "taken-in-part", test_taken_in_part);
  footing_add (PREFIX "big-echo", &footing_soup, test_big_echo);
  footing_add (PREFIX "big-echo", &footing_tls, test_big_echo);
  footing_add_deflated (PREFIX "big-echo", test_big_echo);
  footing_add_deflated (PREFIX "deflated", test_deflated);

  return g_test_run ();
}
