/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "fixture.h"
#include "raw-frame.h"

/* Messages that wait while the task is paused, and calls to receive_async (), which receive them.
 * HB_RECEIVE_LINKS sets the number of connections of test_many_links (). */

#define MIB (1024 * 1024)
#define N_LINKS 50
#define N_PER_LINK 100

static void
receive (Fixture       *fixture,
         GCancellable  *cancellable,
         GAsyncResult **result)
{
  hb_websocket_task_receive_async (fixture->task, cancellable, store_result_cb, result);
}

/* Returns a word for the message, such as text:hi or binary:3, or the name of the error. */
static char *
finish (Fixture      *fixture,
        GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HbMessage) message = NULL;
  gconstpointer data;
  gsize length;

  message = hb_websocket_task_receive_finish (fixture->task, result, &error);
  g_assert_true ((message == NULL) == (error != NULL));
  if (message == NULL)
    return signal_log_name_error (error);

  data = g_bytes_get_data (hb_message_get_bytes (message), &length);
  if (hb_message_get_message_type (message) == SOUP_WEBSOCKET_DATA_BINARY)
    return g_strdup_printf ("binary:%zu", length);

  return g_strdup_printf ("text:%.*s", (int) length, (const char *) data);
}

static void
assert_result (Fixture       *fixture,
               GAsyncResult **result,
               const char    *expected)
{
  g_autofree char *word = NULL;

  wait_until (*result != NULL);
  word = finish (fixture, *result);
  g_assert_cmpstr (word, ==, expected);
  g_clear_object (result);
}

static void
assert_receives (Fixture    *fixture,
                 const char *expected)
{
  GAsyncResult *result = NULL;

  receive (fixture, NULL, &result);
  assert_result (fixture, &result, expected);
}

static void
send_binary (RawPeer *peer,
             gsize    size)
{
  g_autofree guint8 *payload = g_malloc0 (size);

  raw_peer_send (peer, RAW_FIN | RAW_BINARY, payload, size);
}

static void
test_first_word (Fixture       *fixture,
                 gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("While a task is paused, a message in the segment of the handshake's answer "
                  "waits");

  raw_server_set_greeting (fixture->raw, "first");
  g_object_set (fixture->task, "paused", TRUE, NULL);
  peer = fixture_open_raw (fixture);
  raw_peer_send_text (peer, "second");
  signal_log_expect_quiet (fixture->log);

  assert_receives (fixture, "text:first");
  hb_websocket_task_set_paused (fixture->task, FALSE);
  signal_log_expect (fixture->log, "message:text:second");
  fixture_close_raw (fixture, peer);
}

static void
test_calls (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RawPeer *peer = fixture_open_raw (fixture);
  GAsyncResult *first = NULL;
  GAsyncResult *second = NULL;
  GAsyncResult *third = NULL;

  g_test_summary ("Calls to receive_async () complete in order, and a cancelled call removes no "
                  "message");

  receive (fixture, NULL, &first);
  receive (fixture, cancellable, &second);
  receive (fixture, NULL, &third);
  g_assert_true (hb_websocket_task_get_paused (fixture->task));
  g_cancellable_cancel (cancellable);
  assert_result (fixture, &second, "g-io-error-quark:19");

  raw_peer_send_text (peer, "one");
  send_binary (peer, 3);
  assert_result (fixture, &first, "text:one");
  assert_result (fixture, &third, "binary:3");

  /* A call whose cancellable has been triggered does not pause the task. */
  hb_websocket_task_set_paused (fixture->task, FALSE);
  receive (fixture, cancellable, &second);
  assert_result (fixture, &second, "g-io-error-quark:19");
  g_assert_false (hb_websocket_task_get_paused (fixture->task));
  raw_peer_send_text (peer, "two");
  signal_log_expect (fixture->log, "message:text:two");
  fixture_close_raw (fixture, peer);
}

typedef struct
{
  Fixture *fixture;
  GString *words;     /* results and emitted messages, in order */
} Results;

static void
add_result_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Results *self = user_data;
  g_autofree char *word = finish (self->fixture, result);

  g_string_append_printf (self->words, "%s%s", self->words->len > 0 ? " " : "", word);
}

static gboolean
give_up_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  if (g_bytes_get_size (message) != 4)
    return FALSE;

  hb_websocket_task_set_uri (task, "http://wrong.invalid/");
  hb_websocket_task_reconnect_now (task);

  return TRUE;
}

static void
test_order_of_failure (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GString) words = g_string_new (NULL);
  Results results = { fixture, words };
  RawPeer *peer = fixture_open_raw (fixture);
  guint i;

  g_test_summary ("If a call receives a message, and the task then becomes CLOSED in the same "
                  "iteration, later calls fail after the callback of that call");

  for (i = 0; i < 3; i++)
    hb_websocket_task_receive_async (fixture->task, NULL, add_result_cb, &results);
  wait_idle ();

  hb_websocket_task_set_pong_func (fixture->task, give_up_cb, NULL, NULL);
  raw_peer_send_text (peer, "one");
  raw_peer_send_text (peer, "stop");
  signal_log_expect (fixture->log, "state:closed error:invalid-uri close:1006");
  wait_idle ();
  g_assert_cmpstr (words->str, ==, "text:one invalid-uri invalid-uri");
}

static gboolean
go_on_cb (HbWebsocketTask       *task,
          SoupWebsocketDataType  type,
          GBytes                *message,
          gpointer               user_data)
{
  hb_websocket_task_set_paused (task, FALSE);

  return FALSE;
}

static void
add_message_cb (HbWebsocketTask       *task,
                SoupWebsocketDataType  type,
                GBytes                *message,
                gpointer               user_data)
{
  Results *self = user_data;

  g_string_append_printf (self->words, " signal:%s",
                          (const char *) g_bytes_get_data (message, NULL));
}

static gboolean
cancel_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           gpointer               user_data)
{
  if (!g_str_equal (g_bytes_get_data (message, NULL), "two"))
    return FALSE;

  g_cancellable_cancel (user_data);
  hb_websocket_task_set_paused (task, FALSE);

  return FALSE;
}

/* Makes one call, or two if @is_pending, and lets three messages arrive. @func ends the pause, and
 * its data is the first call's cancellable. @expected lists the results and emitted messages. */
static void
check_order (Fixture    *fixture,
             RawPeer    *peer,
             HbPongFunc  func,
             gboolean    is_pending,
             const char *signals,
             const char *expected)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GString) words = g_string_new (NULL);
  Results results = { fixture, words };

  g_signal_connect (fixture->task, "message", G_CALLBACK (add_message_cb), &results);
  hb_websocket_task_receive_async (fixture->task, cancellable, add_result_cb, &results);
  if (is_pending)
    hb_websocket_task_receive_async (fixture->task, NULL, add_result_cb, &results);
  wait_idle ();

  hb_websocket_task_set_pong_func (fixture->task, func, cancellable, NULL);
  raw_peer_send_text (peer, "one");
  raw_peer_send_text (peer, "two");
  raw_peer_send_text (peer, "three");
  signal_log_expect (fixture->log, signals);
  wait_idle ();
  g_assert_cmpstr (words->str, ==, expected);
  g_signal_handlers_disconnect_by_data (fixture->task, &results);
}

static void
test_order_of_signal (Fixture       *fixture,
                      gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("If a call receives a message, and the pause ends in the same iteration, the "
                  "next message is emitted after the callback of the call");

  check_order (fixture, peer, go_on_cb, FALSE, "message:text:two message:text:three",
               "text:one signal:two signal:three");
  fixture_close_raw (fixture, peer);
}

static void
test_late_cancel (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("If a call is cancelled between the receipt of its message and its callback, the "
                  "task takes the message back, unless another call has a later one. The next "
                  "message follows the callback.");

  check_order (fixture, peer, cancel_cb, TRUE, "message:text:three",
               "text:one text:two signal:three");
  check_order (fixture, peer, cancel_cb, FALSE,
               "message:text:one message:text:two message:text:three",
               "g-io-error-quark:19 signal:one signal:two signal:three");
  fixture_close_raw (fixture, peer);
}

typedef struct
{
  Fixture      *fixture;
  GAsyncResult *result;
} Cancelled;

static void
close_cb (GCancellable *cancellable,
          gpointer      user_data)
{
  Cancelled *self = user_data;

  hb_websocket_task_close (self->fixture->task, 1000, NULL);
  g_assert_null (self->result);
}

static gboolean
cancel_now_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return G_SOURCE_REMOVE;
}

static void
test_close_in_cancelled (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Cancelled cancelled = { fixture };

  g_test_summary ("The callback of a call is not called while its cancellable is being triggered, "
                  "because the callback may disconnect a handler of the cancellable");

  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  receive (fixture, cancellable, &cancelled.result);
  wait_idle ();

  g_cancellable_connect (cancellable, G_CALLBACK (close_cb), &cancelled, NULL);
  g_idle_add (cancel_now_cb, cancellable);
  assert_result (fixture, &cancelled.result, "closed");
  signal_log_forget (fixture->log);
}

static void
receive_next_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *word = finish (fixture, result);

  g_assert_cmpstr (word, ==, "text:one");
  assert_receives (fixture, "text:two");
  hb_websocket_task_set_paused (fixture->task, FALSE);
}

static void
test_loop_in_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("The callback of receive_async () may run a main loop until the next message is "
                  "received");

  hb_websocket_task_receive_async (fixture->task, NULL, receive_next_cb, fixture);
  wait_idle ();
  raw_peer_send_text (peer, "one");
  raw_peer_send_text (peer, "two");
  wait_until (!hb_websocket_task_get_paused (fixture->task));
  fixture_close_raw (fixture, peer);
}

static void
expect_signals_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Results *self = user_data;

  add_result_cb (source, result, user_data);
  signal_log_expect (self->fixture->log, "message:text:two message:text:three");
  g_string_append (self->words, " end");
}

static void
test_signals_in_callback (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr (GString) words = g_string_new (NULL);
  Results results = { fixture, words };
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("If the pause has ended, the callback of receive_async () may run a main loop "
                  "until the next message is emitted");

  hb_websocket_task_receive_async (fixture->task, NULL, expect_signals_cb, &results);
  wait_idle ();
  hb_websocket_task_set_pong_func (fixture->task, go_on_cb, NULL, NULL);
  raw_peer_send_text (peer, "one");
  raw_peer_send_text (peer, "two");
  raw_peer_send_text (peer, "three");
  wait_until (g_str_has_suffix (words->str, " end"));
  fixture_close_raw (fixture, peer);
}

static void
test_across_links (Fixture       *fixture,
                   gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  GAsyncResult *result = NULL;

  g_test_summary ("Messages that wait for the application, and pending calls to receive_async (), "
                  "remain when a connection is lost");

  hb_websocket_task_set_paused (fixture->task, TRUE);
  raw_peer_send_text (peer, "one");
  raw_peer_wait_delivered (peer);
  fixture_lose_raw (fixture, peer);
  signal_log_skip_to (fixture->log, "open");
  assert_receives (fixture, "text:one");

  receive (fixture, NULL, &result);
  peer = raw_server_wait_peer (fixture->raw, 1);
  fixture_lose_raw (fixture, peer);
  signal_log_skip_to (fixture->log, "open");
  peer = raw_server_wait_peer (fixture->raw, 2);
  raw_peer_send_text (peer, "two");
  assert_result (fixture, &result, "text:two");
  fixture_close_raw (fixture, peer);
}

static void
test_end (Fixture       *fixture,
          gconstpointer  data)
{
  RawPeer *peer;
  guint i;

  g_test_summary ("All messages that the server sent before its close frame are received. Later "
                  "calls to receive_async () fail.");

  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_set_paused (fixture->task, TRUE);
  peer = fixture_open_raw (fixture);
  for (i = 0; i < 10; i++)
    send_binary (peer, MIB / 4);
  raw_peer_send_close (peer, 1000, NULL);

  for (i = 0; i < 10; i++)
    assert_receives (fixture, "binary:262144");
  signal_log_expect (fixture->log, "state:closed close:1000");
  raw_peer_expect (peer, "close:1000");
  assert_receives (fixture, "closed");
}

static void
test_stands_still (Fixture       *fixture,
                   gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("While 1 MiB waits, nothing is read, no ping from the server is answered, and a "
                  "missing reply does not end the connection");

  if (!has_stream)
    {
      g_test_skip ("needs the library's own stream");
      fixture_close_raw (fixture, peer);
      return;
    }

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  hb_websocket_task_set_pong_timeout (fixture->task, 20);
  hb_websocket_task_set_paused (fixture->task, TRUE);
  send_binary (peer, MIB);
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_received) == 1);
  raw_peer_send (peer, RAW_FIN | RAW_PING, "?", 1);
  wait_until (get_metric (fixture->task, hb_metrics_get_pings) > 5);
  assert_state (fixture->task, HB_STATE_OPEN);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_replies), ==, 0);

  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_set_pong_timeout (fixture->task, 0);
  wait_idle ();
  while (raw_peer_get_n_frames (peer) > 0)
    {
      g_autofree char *word = raw_peer_take (peer);

      g_assert_true (g_str_has_prefix (word, "ping:"));
    }

  assert_receives (fixture, "binary:1048576");
  raw_peer_expect (peer, "pong:?");
  signal_log_expect_quiet (fixture->log);
  fixture_close_raw (fixture, peer);
}

static void
test_reads_on (Fixture       *fixture,
               gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("When messages that have filled 1 MiB have been emitted, the task resumes "
                  "reading");

  hb_websocket_task_set_paused (fixture->task, TRUE);
  send_binary (peer, MIB);
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_received) == 1);
  raw_peer_send_text (peer, "more");
  hb_websocket_task_set_paused (fixture->task, FALSE);
  signal_log_skip_to (fixture->log, "message:text:more");
  fixture_close_raw (fixture, peer);
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  GAsyncResult *result = NULL;

  g_test_summary ("close () drops the waiting messages, and the task continues to read until the "
                  "server's close frame");

  hb_websocket_task_set_paused (fixture->task, TRUE);
  send_binary (peer, MIB);
  send_binary (peer, MIB);
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_received) > 0);
  fixture_close_raw (fixture, peer);

  receive (fixture, NULL, &result);
  assert_result (fixture, &result, "closed");
}

static void
count_cb (HbWebsocketTask *task,
          int              type,
          GBytes          *message,
          guint           *n_messages)
{
  (*n_messages)++;
  g_usleep (G_TIME_SPAN_MILLISECOND);
}

static gboolean
turn_cb (gpointer data)
{
  guint *turns = data;

  turns[1] = turns[0];

  return G_SOURCE_REMOVE;
}

/* Emits the first few of 100 messages that have waited. The others wait until other sources have
 * had their turn. */
static RawPeer *
emit_first (Fixture *fixture,
            guint   *n_messages)
{
  RawPeer *peer;
  guint i;

  hb_websocket_task_set_paused (fixture->task, TRUE);
  peer = fixture_open_raw (fixture);
  for (i = 0; i < 100; i++)
    raw_peer_send (peer, RAW_FIN | RAW_BINARY, "", 0);
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_received) == 100);

  g_signal_connect (fixture->task, "message", G_CALLBACK (count_cb), n_messages);
  hb_websocket_task_set_paused (fixture->task, FALSE);
  g_assert_cmpuint (*n_messages, <, 20);

  return peer;
}

static void
test_turns (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer;
  guint n_messages[2] = { 0 };

  g_test_summary ("Other sources run while the messages that have waited are emitted");

  peer = emit_first (fixture, n_messages);
  g_idle_add (turn_cb, n_messages);
  wait_until (n_messages[0] == 100);
  g_assert_cmpuint (n_messages[1], >, 0);
  g_assert_cmpuint (n_messages[1], <, 100);
  signal_log_forget (fixture->log);
  fixture_close_raw (fixture, peer);
}

static void
test_end_in_turn (Fixture       *fixture,
                  gconstpointer  data)
{
  guint n_messages = 0;

  g_test_summary ("A task may be dropped while its messages wait until other sources have had "
                  "their turn");

  emit_first (fixture, &n_messages);
  signal_log_forget (fixture->log);
  g_assert_finalize_object (g_steal_pointer (&fixture->task));
}

static void
test_dispose_in_handler (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("A handler for a message that has waited may dispose of the task");

  hb_websocket_task_set_paused (fixture->task, TRUE);
  peer = fixture_open_raw (fixture);
  raw_peer_send_text (peer, "one");
  raw_peer_send_text (peer, "two");
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_received) == 2);

  g_signal_connect (fixture->task, "message", G_CALLBACK (g_object_run_dispose), NULL);
  hb_websocket_task_set_paused (fixture->task, FALSE);
  signal_log_expect_now (fixture->log, "message:text:one");
}

typedef struct
{
  guint32 link;
  guint32 number;
} Word;

/* Sends more messages than word_cb () expects on one connection. */
static void
flood_cb (RawPeer  *peer,
          gpointer  user_data)
{
  Word word = { raw_peer_get_index (peer), 0 };

  raw_peer_gather (peer, TRUE);
  for (; word.number < 2 * N_PER_LINK; word.number++)
    raw_peer_send (peer, RAW_BINARY, &word, sizeof word);
  raw_peer_gather (peer, FALSE);
}

static void
word_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         Word                  *next)
{
  const Word *word = g_bytes_get_data (message, NULL);

  g_assert_cmpuint (g_bytes_get_size (message), ==, sizeof *word);
  g_assert_cmpuint (word->link, ==, next->link);
  g_assert_cmpuint (word->number, ==, next->number);

  if (++next->number < N_PER_LINK)
    return;

  *next = (Word) { next->link + 1, 0 };
  hb_websocket_task_reconnect_now (task);
}

static void
test_many_links (void)
{
  const char *text = g_getenv ("HB_RECEIVE_LINKS");
  guint n_links = text != NULL ? strtoul (text, NULL, 10) : N_LINKS;
  RawServer *server = raw_server_new ();
  HbWebsocketTask *task = hb_websocket_task_new (raw_server_get_uri (server));
  Word next = { 0 };

  g_test_summary ("Each message of each connection is received once, in order, until a handler "
                  "calls reconnect_now ()");

  raw_server_set_opened (server, flood_cb, NULL);
  g_signal_connect (task, "message", G_CALLBACK (word_cb), &next);
  hb_websocket_task_open (task);

  while (next.link < n_links)
    {
      guint link = next.link;

      wait_until (next.link > link);
    }

  g_assert_cmpuint (get_metric (task, hb_metrics_get_messages_received), >=, n_links * N_PER_LINK);
  g_assert_finalize_object (task);
  raw_server_free (server);
  wait_idle ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_raw_test ("/loopback/receive/first-word", test_first_word);
  add_raw_test ("/loopback/receive/calls", test_calls);
  add_raw_test ("/loopback/receive/order-of-failure", test_order_of_failure);
  add_raw_test ("/loopback/receive/order-of-signal", test_order_of_signal);
  add_raw_test ("/loopback/receive/late-cancel", test_late_cancel);
  add_raw_test ("/loopback/receive/close-in-cancelled", test_close_in_cancelled);
  add_raw_test ("/loopback/receive/loop-in-callback", test_loop_in_callback);
  add_raw_test ("/loopback/receive/signals-in-callback", test_signals_in_callback);
  add_raw_test ("/loopback/receive/across-links", test_across_links);
  add_raw_test ("/loopback/receive/end", test_end);
  add_raw_test ("/loopback/receive/stands-still", test_stands_still);
  add_raw_test ("/loopback/receive/reads-on", test_reads_on);
  add_raw_test ("/loopback/receive/close", test_close);
  add_raw_test ("/loopback/receive/turns", test_turns);
  add_raw_test ("/loopback/receive/end-in-turn", test_end_in_turn);
  add_raw_test ("/loopback/receive/dispose-in-handler", test_dispose_in_handler);
  g_test_add_func ("/loopback/receive/many-links", test_many_links);

  return g_test_run ();
}
