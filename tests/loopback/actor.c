/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "actor.h"
#include "test-wait.h"

/* An application's signal handlers and callbacks, and the conditions that must hold in them */

#define MAX_LOOPS 3

/* Checks that the getters agree with each other, and that metrics never decrease. */
void
actor_check (Actor *self)
{
  static guint64 (* const getters[]) (const HbMetrics *) = {
    hb_metrics_get_messages_sent, hb_metrics_get_bytes_sent, hb_metrics_get_messages_received,
    hb_metrics_get_bytes_received, hb_metrics_get_messages_dropped,
    hb_metrics_get_messages_expired, hb_metrics_get_messages_resent, hb_metrics_get_attempts,
    hb_metrics_get_opens, hb_metrics_get_pings, hb_metrics_get_replies,
    hb_metrics_get_pong_timeouts,
  };
  HbMetrics *metrics;
  HbState state;
  guint i;

  if (self->object == NULL)
    return;

  state = hb_websocket_task_get_state (self->object);
  metrics = hb_websocket_task_get_metrics (self->object);

  if (self->is_exposed)
    g_assert_true ((hb_websocket_task_get_connection (self->object) != NULL)
                   == (state == HB_STATE_OPEN || state == HB_STATE_CLOSING));
  if (state != HB_STATE_WAITING)
    g_assert_cmpint (hb_websocket_task_get_reconnect_at (self->object), ==, -1);
  if (state == HB_STATE_CLOSED)
    g_assert_cmpuint (hb_websocket_task_get_buffered_amount (self->object), ==, 0);

  for (i = 0; i < G_N_ELEMENTS (getters); i++)
    g_assert_cmpuint (getters[i] (metrics), >=, getters[i] (self->metrics));
  g_assert_cmpint (hb_metrics_get_uptime (metrics), >=, hb_metrics_get_uptime (self->metrics));
  g_assert_cmpint (hb_metrics_get_downtime (metrics), >=, hb_metrics_get_downtime (self->metrics));

  hb_metrics_free (self->metrics);
  self->metrics = metrics;
}

static void
run_loop (Actor *self)
{
  guint n;

  if (self->n_loops == MAX_LOOPS)
    return;

  self->n_loops++;
  self->may_wait = self->may_wait || self->n_in_message > 0;

  for (n = dice_roll (self->dice, 8); n > 0; n--)
    {
      rogue_act (self->rogue);
      g_main_context_iteration (NULL, FALSE);
      if (dice_one_in (self->dice, 8))
        wait_pass (1);
    }

  self->n_loops--;
}

/* Acts as a handler, which may make a call or run a main loop. */
void
actor_call_back (Actor *self)
{
  if (self->behaves || self->n_calls_left == 0)
    return;

  switch (dice_roll (self->dice, 12))
    {
    case 9:
    case 10:
      self->n_calls_left--;
      actor_act (self);
      break;
    case 11:
      self->n_calls_left--;
      run_loop (self);
      break;
    default:
      break;
    }
}

static void
enter (Actor *self)
{
  g_assert_false (self->is_disposed);
  actor_check (self);
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *request,
               Actor           *self)
{
  enter (self);
  g_assert_false (self->has_opened);
  g_assert_cmpint (hb_websocket_task_get_state (task), ==, HB_STATE_CONNECTING);
  self->link++;
  actor_call_back (self);
}

static void
open_cb (HbWebsocketTask *task,
         Actor           *self)
{
  enter (self);
  g_assert_false (self->has_opened);
  self->has_opened = TRUE;
  g_queue_push_tail (&self->greetings, GUINT_TO_POINTER (self->link));
  actor_call_back (self);
}

/* Nested main loops end in reverse order, so the connection whose `open` handlers have returned is
 * the newest in the queue. */
static void
after_open_cb (HbWebsocketTask *task,
               Actor           *self)
{
  guint link = GPOINTER_TO_UINT (g_queue_pop_tail (&self->greetings));

  self->greeted = MAX (self->greeted, link);
}

static gboolean
is_pong (GBytes *message)
{
  gsize length;
  const char *data = g_bytes_get_data (message, &length);

  return length == 4 && memcmp (data, "pong", 4) == 0;
}

/* Checks a message from the server. Unless the message is a reply to a ping, it consists of the
 * number of its connection and its own number on that connection. These rules must hold:
 *
 *   - No message is received twice.
 *   - After a message of a connection, no message of an earlier connection is received in the same
 *     way.
 *   - A message may be missing only if a pending call to receive_async () will return it.
 *
 * @peer: (inout): the connection of the last message that was received in the same way, from
 *   `message` or from receive_async () */
void
actor_see (Actor  *self,
           GBytes *message,
           gint64 *peer)
{
  gsize length;
  const char *data = g_bytes_get_data (message, &length);
  g_autofree char *text = g_strndup (data, length);
  char *end;
  gint64 link = g_ascii_strtoll (text, &end, 10);
  guint number, n_seen;

  if (is_pong (message))
    return;

  g_assert_cmpint (link, >=, *peer);
  *peer = link;

  number = g_ascii_strtoull (end + 1, NULL, 10);
  n_seen = GPOINTER_TO_UINT (g_hash_table_lookup (self->last_seen, GINT_TO_POINTER (link)));
  g_assert_true (g_hash_table_add (self->seen, g_steal_pointer (&text)));

  if (number >= n_seen)
    {
      self->n_missing += number - n_seen;
      g_hash_table_insert (self->last_seen, GINT_TO_POINTER (link), GUINT_TO_POINTER (number + 1));
    }
  else
    {
      g_assert_cmpuint (self->n_missing, >, 0);
      self->n_missing--;
    }

  g_assert_cmpuint (self->n_missing, <=, self->n_receiving);
}

/* A message is delivered after `close` only if it had to wait, because the task was paused or a
 * handler for `message` was running a main loop. */
static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Actor                 *self)
{
  enter (self);
  g_assert_cmpuint (self->n_in_message, ==, 0);
  g_assert_true (self->has_opened || self->may_pause || self->may_wait);
  actor_see (self, message, &self->peer);

  self->n_in_message++;
  actor_call_back (self);
  self->n_in_message--;
}

static gboolean
pong_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         gpointer               user_data)
{
  enter (user_data);
  actor_call_back (user_data);

  return is_pong (message);
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          Actor           *self)
{
  HbState state = hb_websocket_task_get_state (task);

  enter (self);
  g_assert_true (self->has_opened);
  g_assert_cmpint (state, !=, HB_STATE_OPEN);
  g_assert_cmpint (state, !=, HB_STATE_CLOSING);
  self->has_opened = FALSE;
  actor_call_back (self);
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          Actor           *self)
{
  enter (self);
  g_assert_cmpstr (error->message, !=, "");
  actor_call_back (self);
}

static void
reconnect_cb (HbWebsocketTask *task,
              guint            attempt,
              guint            delay,
              Actor           *self)
{
  enter (self);
  g_assert_cmpint (hb_websocket_task_get_state (task), ==, HB_STATE_WAITING);
  g_assert_cmpuint (attempt, ==, hb_websocket_task_get_attempt (task));
  actor_call_back (self);
}

static void
drain_cb (HbWebsocketTask *task,
          Actor           *self)
{
  enter (self);
  actor_call_back (self);
}

static void
notify_cb (HbWebsocketTask *task,
           GParamSpec      *pspec,
           Actor           *self)
{
  actor_check (self);
  actor_call_back (self);
}

static char *
ping_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  enter (user_data);
  actor_call_back (user_data);

  return NULL;
}

static guint
delay_cb (HbWebsocketTask *task,
          guint            attempt,
          gpointer         user_data)
{
  enter (user_data);
  actor_call_back (user_data);

  return attempt;
}

static void
finalized_cb (gpointer user_data)
{
  Actor *self = user_data;

  self->is_finalized = TRUE;
}

/* The extension manager must not be added while a SoupMessage is queued. Otherwise, libsoup before
 * 3.6.6 would release the manager once too often. */
static SoupSession *
make_session (void)
{
  SoupSession *session = soup_session_new ();

  soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);

  return session;
}

Actor *
actor_new (guint  id,
           Rogue *rogue,
           Dice  *dice)
{
  Actor *self = g_new0 (Actor, 1);

  self->id = id;
  self->rogue = rogue;
  self->dice = dice;
  self->session = dice_roll (dice, 3) == 0 ? make_session () : NULL;
  self->cancellable = g_cancellable_new ();
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->last_seen = g_hash_table_new (NULL, NULL);
  self->may_pause = dice_roll (dice, 2) == 0;
  self->is_exposed = dice_roll (dice, 2) == 0;
  self->task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                             "uri", rogue_get_uri (rogue),
                             "session", self->session,
                             "reconnect-timeout", 1,
                             NULL);
  self->object = self->task;
  self->metrics = hb_websocket_task_get_metrics (self->task);
  g_object_add_weak_pointer (G_OBJECT (self->object), (gpointer *) &self->object);
  g_object_set_data_full (G_OBJECT (self->object), "actor", self, finalized_cb);

  g_signal_connect (self->task, "connecting", G_CALLBACK (connecting_cb), self);
  g_signal_connect (self->task, "open", G_CALLBACK (open_cb), self);
  g_signal_connect_after (self->task, "open", G_CALLBACK (after_open_cb), self);
  g_signal_connect (self->task, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->task, "close", G_CALLBACK (close_cb), self);
  g_signal_connect (self->task, "error", G_CALLBACK (error_cb), self);
  g_signal_connect (self->task, "reconnect", G_CALLBACK (reconnect_cb), self);
  g_signal_connect (self->task, "drain", G_CALLBACK (drain_cb), self);
  g_signal_connect (self->task, "notify", G_CALLBACK (notify_cb), self);

  if (dice_roll (dice, 2) == 0)
    hb_websocket_task_set_ping_func (self->task, ping_cb, self, NULL);
  if (dice_roll (dice, 2) == 0)
    hb_websocket_task_set_reconnect_func (self->task, delay_cb, self, NULL);
  if (dice_roll (dice, 2) == 0)
    hb_websocket_task_set_pong_func (self->task, pong_cb, self, NULL);

  return self;
}

/* Checks that each pending call completes, and that no reference to the task is left. */
void
actor_free (Actor *self)
{
  self->behaves = TRUE;
  self->is_disposed = TRUE;
  actor_join (self);
  g_clear_object (&self->task);
  if (self->object != NULL)
    g_object_run_dispose (G_OBJECT (self->object));

  wait_until (self->n_pending == 0 && self->is_finalized);

  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  hb_metrics_free (self->metrics);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->last_seen);
  g_queue_clear (&self->greetings);
  g_free (self);
}
