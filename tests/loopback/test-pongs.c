/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"
#include "raw-frame.h"

/* The milliseconds for which a callback runs a main loop or sleeps */
#define LOOP 300

typedef enum {
  ACT_NONE,
  ACT_CLOSE,
  ACT_RECONNECT_NOW,
  ACT_RECONNECT_LATER,
  ACT_REPLACE,
  ACT_REMOVE,
  ACT_SEND,
  ACT_LOOP,
  ACT_UNREF,
} Act;

/* `words` lists the messages with which the pong function is called, and the words that other
 * callbacks add, in order. */
typedef struct
{
  Fixture  base;
  GString *words;
  Act      act;     /* the action of the next call */
  guint    n_freed; /* calls of the destroy function */
} Judge;

static gboolean judge_cb (HbWebsocketTask       *task,
                          SoupWebsocketDataType  type,
                          GBytes                *message,
                          gpointer               user_data);

static void
add_word (Judge      *self,
          const char *kind,
          GBytes     *message)
{
  if (self->words->len > 0)
    g_string_append_c (self->words, ' ');

  g_string_append (self->words, kind);
  if (message != NULL)
    g_string_append_len (self->words, g_bytes_get_data (message, NULL),
                         g_bytes_get_size (message));
}

static void
free_cb (gpointer data)
{
  Judge *self = data;

  self->n_freed++;
}

static void
do_act (Judge           *self,
        HbWebsocketTask *task)
{
  Act act = self->act;

  self->act = ACT_NONE;

  switch (act)
    {
    case ACT_NONE:
      break;
    case ACT_CLOSE:
      hb_websocket_task_close (task, 1000, NULL);
      g_assert_cmpuint (signal_log_count (self->base.log, "state:closing"), ==, 0);
      break;
    case ACT_RECONNECT_NOW:
      hb_websocket_task_reconnect_now (task);
      break;
    case ACT_RECONNECT_LATER:
      hb_websocket_task_reconnect_later (task);
      break;
    case ACT_REPLACE:
      hb_websocket_task_set_pong_func (task, judge_cb, self, free_cb);
      break;
    case ACT_REMOVE:
      hb_websocket_task_set_pong_func (task, NULL, NULL, NULL);
      break;
    case ACT_SEND:
      assert_sends (task, "within");
      break;
    case ACT_LOOP:
      wait_pass (LOOP);
      break;
    case ACT_UNREF:
      signal_log_forget (self->base.log);
      g_clear_object (&self->base.task);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
judge_cb (HbWebsocketTask       *task,
          SoupWebsocketDataType  type,
          GBytes                *message,
          gpointer               user_data)
{
  Judge *self = user_data;
  const char *data = g_bytes_get_data (message, NULL);

  add_word (self, type == SOUP_WEBSOCKET_DATA_TEXT ? "ask:" : "ask-binary:", message);
  do_act (self, task);

  return g_str_has_prefix (data, "pong");
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Judge                 *self)
{
  add_word (self, "message:", message);
}

static void
open_cb (HbWebsocketTask *task,
         Judge           *self)
{
  add_word (self, "open", NULL);
}

static void
set_up (Judge         *self,
        gconstpointer  data)
{
  fixture_set_up (&self->base, "raw");
  self->words = g_string_new (NULL);
  g_signal_connect (self->base.task, "open", G_CALLBACK (open_cb), self);
  g_signal_connect (self->base.task, "message", G_CALLBACK (message_cb), self);
  hb_websocket_task_set_pong_func (self->base.task, judge_cb, self, free_cb);
}

static void
assert_words (Judge      *self,
              const char *expected)
{
  wait_until (self->words->len >= strlen (expected));
  wait_idle ();
  g_assert_cmpstr (self->words->str, ==, expected);
  g_string_truncate (self->words, 0);
}

static void
tear_down (Judge         *self,
           gconstpointer  data)
{
  HbWebsocketTask *task = self->base.task;

  if (task != NULL)
    {
      g_signal_handlers_disconnect_by_data (task, self);
      hb_websocket_task_set_pong_func (task, NULL, NULL, NULL);
      signal_log_forget (self->base.log);
    }

  fixture_tear_down (&self->base, data);
  g_string_free (self->words, TRUE);
}

/* The function is called after `open`, even if the first message arrives with the handshake's
 * answer. */
static void
test_order (Judge         *judge,
            gconstpointer  data)
{
  RawPeer *peer;

  raw_server_set_greeting (judge->base.raw, "hello");
  peer = fixture_open_raw (&judge->base);
  raw_peer_send_text (peer, "pong 1");
  raw_peer_send (peer, 0x2, "pong 2", 6);
  raw_peer_send_text (peer, "news");
  assert_words (judge, "open ask:hello message:hello ask:pong 1 ask-binary:pong 2 "
                       "ask:news message:news");

  /* Recognized replies do not count as received messages, and because no ping was sent, not as
   * replies either. */
  g_assert_cmpuint (get_metric (judge->base.task, hb_metrics_get_messages_received), ==, 2);
  g_assert_cmpuint (get_metric (judge->base.task, hb_metrics_get_replies), ==, 0);
}

/* While the function is set, `pong-message` is ignored. */
static void
test_decides_alone (Judge         *judge,
                    gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_pong_message (judge->base.task, "news");
  peer = fixture_open_raw (&judge->base);
  raw_peer_send_text (peer, "news");
  assert_words (judge, "open ask:news message:news");

  g_assert_cmpuint (judge->n_freed, ==, 0);
  hb_websocket_task_set_pong_func (judge->base.task, NULL, NULL, NULL);
  g_assert_cmpuint (judge->n_freed, ==, 1);
  raw_peer_send_text (peer, "news");
  raw_peer_send_text (peer, "pong");
  assert_words (judge, "message:pong");
}

/* The time that the function takes does not count as latency. */
static void
test_latency (Judge         *judge,
              gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (&judge->base);

  hb_websocket_task_check (judge->base.task);
  raw_peer_expect (peer, "text:heartbeat");
  judge->act = ACT_LOOP;
  raw_peer_send_text (peer, "pong 1");
  wait_until (get_metric (judge->base.task, hb_metrics_get_replies) == 1);
  g_assert_cmpint (hb_websocket_task_get_latency (judge->base.task), >=, 0);
  g_assert_cmpint (hb_websocket_task_get_latency (judge->base.task), <, LOOP * 1000);
}

static gboolean
skips_without_stream (Fixture *fixture)
{
  if (hb_websocket_task_can_acknowledge (fixture->task))
    return FALSE;

  g_test_skip ("needs the library's own stream");
  signal_log_forget (fixture->log);

  return TRUE;
}

static void
be_slow_cb (void)
{
  g_usleep (LOOP * 1000);
}

/* The time that a message handler takes does not count as the latency of a pong that was read
 * together with the message, even if the task first queries an acknowledgement. */
static void
test_latency_after_handler (Fixture       *fixture,
                            gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);
  peer = fixture_open_raw (fixture);
  if (skips_without_stream (fixture))
    return;

  g_signal_connect (fixture->task, "message", G_CALLBACK (be_slow_cb), NULL);
  assert_sends (fixture->task, "sent");
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:sent ping:heartbeat");
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, "news");
  raw_peer_send (peer, RAW_PONG, "heartbeat", 9);
  raw_peer_gather (peer, FALSE);
  wait_until (get_metric (fixture->task, hb_metrics_get_replies) == 1);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), <, LOOP * 1000);
  signal_log_forget (fixture->log);
}

/* A closing task does not deliver messages, so it does not call the function. */
static void
test_closing (Judge         *judge,
              gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (&judge->base);

  hb_websocket_task_close (judge->base.task, 1000, NULL);
  raw_peer_send_text (peer, "pong 1");
  raw_peer_send_close (peer, 1000, "");
  raw_peer_expect (peer, "close:1000");
  wait_until (hb_websocket_task_get_state (judge->base.task) == HB_STATE_CLOSED);
  assert_words (judge, "open");
}

/* The function's action on the first of two messages that arrive together */
typedef struct
{
  const char *name;
  Act         act;
  const char *first;
  const char *expected;
} Case;

static const Case cases[] = {
  { "close", ACT_CLOSE, "first", "open ask:first" },
  { "reconnect-now", ACT_RECONNECT_NOW, "first", "open ask:first open" },
  { "reconnect-later", ACT_RECONNECT_LATER, "first", "open ask:first open" },
  { "replace", ACT_REPLACE, "pong", "open ask:pong ask:second message:second" },
  { "remove", ACT_REMOVE, "pong", "open ask:pong message:second" },
  { "remove-unrecognized", ACT_REMOVE, "first", "open ask:first message:first message:second" },
  { "send", ACT_SEND, "first", "open ask:first message:first ask:second message:second" },
  { "loop", ACT_LOOP, "first", "open ask:first message:first ask:second message:second" },
  { "unref", ACT_UNREF, "first", "open ask:first" },
};

static void
test_act (Judge         *judge,
          gconstpointer  data)
{
  const Case *item = data;
  RawPeer *peer = fixture_open_raw (&judge->base);

  judge->act = item->act;
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, item->first);
  raw_peer_send_text (peer, "second");
  raw_peer_gather (peer, FALSE);
  assert_words (judge, item->expected);

  if (item->act == ACT_SEND)
    raw_peer_expect (peer, "text:within");
  if (item->act == ACT_UNREF)
    g_assert_cmpuint (judge->n_freed, ==, 1);
  if (item->act == ACT_CLOSE)
    raw_peer_expect (peer, "close:1000");
}

static void
unref_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Judge *self = user_data;

  add_word (self, "acknowledged", NULL);
  self->act = ACT_UNREF;
  do_act (self, HB_WEBSOCKET_TASK (source));
}

/* When the server's message arrives, the task first queries the acknowledgement of its own message.
 * The callback of send_message_async () then drops the task, so the pong function is not called. */
static void
test_dropped_before (Judge         *judge,
                     gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("sent", 4);
  RawPeer *peer;

  hb_websocket_task_set_delivery (judge->base.task, HB_DELIVERY_ACKNOWLEDGED);
  peer = fixture_open_raw (&judge->base);
  if (skips_without_stream (&judge->base))
    return;

  hb_websocket_task_send_message_async (judge->base.task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, unref_cb, judge);
  raw_peer_send_text (peer, "news");
  assert_words (judge, "open acknowledged");
  raw_peer_expect (peer, "text:sent");
  g_assert_cmpuint (judge->n_freed, ==, 1);
}

static void
wait_cb (HbWebsocketTask *task,
         guint            code,
         const char      *reason,
         Judge           *self)
{
  add_word (self, "close", NULL);
  wait_until (strstr (self->words->str, "close open") != NULL);
  wait_until (g_str_has_suffix (self->words->str, "message:hello"));
  add_word (self, "closed", NULL);
}

/* Works like test_order (), but a handler for `close` runs a main loop. */
static void
test_order_in_a_handler (Judge         *judge,
                         gconstpointer  data)
{
  raw_server_set_greeting (judge->base.raw, "hello");
  g_signal_connect (judge->base.task, "close", G_CALLBACK (wait_cb), judge);
  raw_peer_cut (fixture_open_raw (&judge->base));
  assert_words (judge, "open ask:hello message:hello close "
                       "open ask:hello message:hello closed");
}

#define add(path, function) \
  g_test_add (path, Judge, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The function that recognizes replies, and what it may do.");

  add ("/loopback/pongs/order", test_order);
  add ("/loopback/pongs/order-in-a-handler", test_order_in_a_handler);
  add ("/loopback/pongs/decides-alone", test_decides_alone);
  add ("/loopback/pongs/latency", test_latency);
  add_raw_test ("/loopback/pongs/latency-after-handler", test_latency_after_handler);
  add ("/loopback/pongs/closing", test_closing);
  add ("/loopback/pongs/dropped-before", test_dropped_before);
  test_rows_add_with ("/loopback/pongs/", cases, Judge, set_up, test_act, tear_down);

  return g_test_run ();
}
