/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "actor.h"

/* Any call may free the task, because a handler that runs in the call may drop the last
 * reference. */

/* A pending asynchronous call */
typedef struct
{
  Actor    *actor;
  gboolean (*finish) (HbWebsocketTask  *task,
                      GAsyncResult     *result,
                      GError          **error);
} Call;

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  Actor *self = call->actor;
  g_autoptr (GError) error = NULL;
  gboolean is_done = call->finish (HB_WEBSOCKET_TASK (source), result, &error);

  g_assert_true (is_done == (error == NULL));
  g_assert_cmpuint (self->n_pending, >, 0);
  self->n_pending--;
  g_free (call);
  actor_call_back (self);
}

static void
received_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Actor *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HbMessage) message = hb_websocket_task_receive_finish (HB_WEBSOCKET_TASK (source),
                                                                    result, &error);

  g_assert_true ((message != NULL) == (error == NULL));
  self->n_pending--;
  self->n_receiving--;
  if (message != NULL)
    actor_see (self, hb_message_get_bytes (message), &self->asked_peer);
  actor_call_back (self);
}

static void
receive_or_pause (Actor *self)
{
  if (!self->may_pause)
    return;

  if (dice_roll (self->dice, 2) == 0)
    {
      hb_websocket_task_set_paused (self->task, dice_roll (self->dice, 3) == 0);
      return;
    }

  self->n_pending++;
  self->n_receiving++;
  hb_websocket_task_receive_async (self->task,
                                   dice_roll (self->dice, 2) == 0 ? self->cancellable : NULL,
                                   received_cb, self);
}

/* The messages that another thread sends. The task's thread may change `delivery` at the same time,
 * so each of these messages may arrive twice. */
typedef struct
{
  HbWebsocketTask *task;
  Call            *call;
  guint            client;
  guint            first;
  guint            n_messages;
} Outside;

static gpointer
send_in_thread (gpointer user_data)
{
  g_autofree Outside *outside = user_data;
  g_autoptr (GBytes) bytes = g_bytes_new (NULL, 0);
  guint i;

  for (i = 0; i < outside->n_messages; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u.%u*", outside->client, outside->first + i);
      g_autoptr (GError) error = NULL;

      if (!hb_websocket_task_send_text (outside->task, text, &error))
        g_assert_true (error->domain == HB_ERROR);
    }

  hb_websocket_task_send_message_async (outside->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, result_cb, outside->call);

  return outside->task;
}

/* Waits for the end of the sending thread, if any, and drops its reference to the task. Must be
 * called in the task's thread, because the weak pointer to the task is not safe if two threads use
 * it. */
void
actor_join (Actor *self)
{
  GThread *sender = g_steal_pointer (&self->sender);

  if (sender != NULL)
    g_object_unref (g_thread_join (sender));
}

/* Sends messages in another thread. The actor has at most one such thread. */
static void
send_outside (Actor *self)
{
  Outside *outside;

  actor_join (self);
  if (self->task == NULL)
    return;

  outside = g_new0 (Outside, 1);
  outside->task = g_object_ref (self->task);
  outside->client = self->id + ACTOR_MAX;
  outside->first = self->n_sent_outside;
  outside->n_messages = dice_roll (self->dice, 8);
  outside->call = g_new0 (Call, 1);
  outside->call->actor = self;
  outside->call->finish = hb_websocket_task_send_message_finish;
  self->n_sent_outside += outside->n_messages;
  self->n_pending++;
  self->sender = g_thread_new ("sender", send_in_thread, outside);
}

/* @which: the call, 0 for open, 1 for close, 2 for send, and 3 for flush */
void
actor_call (Actor *self,
            guint  which)
{
  g_autoptr (GBytes) bytes = g_bytes_new (NULL, 0);
  g_autoptr (GCancellable) cancellable = NULL;
  Call *call = g_new0 (Call, 1);

  if (dice_roll (self->dice, 2) == 0 && !self->behaves)
    cancellable = g_object_ref (self->cancellable);

  call->actor = self;
  self->n_pending++;

  switch (which)
    {
    case 0:
      call->finish = hb_websocket_task_open_finish;
      hb_websocket_task_open_async (self->task, cancellable, result_cb, call);
      break;
    case 1:
      call->finish = hb_websocket_task_close_finish;
      hb_websocket_task_close_async (self->task, 1000, "bye", cancellable, result_cb, call);
      break;
    case 2:
      call->finish = hb_websocket_task_send_message_finish;
      hb_websocket_task_send_message_async (self->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                            dice_roll (self->dice, 2), cancellable, result_cb,
                                            call);
      break;
    default:
      call->finish = hb_websocket_task_flush_finish;
      hb_websocket_task_flush_async (self->task, cancellable, result_cb, call);
      break;
    }
}

/* A greeting is sent after the connection opens and before the handlers for `open` have returned. A
 * greeting overtakes waiting messages. */
static gboolean
may_overtake (Actor *self)
{
  return hb_websocket_task_get_state (self->task) == HB_STATE_OPEN && self->greeted != self->link;
}

gboolean
actor_send (Actor *self)
{
  HbDelivery delivery = hb_websocket_task_get_delivery (self->task);
  g_autofree char *text = g_strdup_printf ("%u.%u%s%s", self->id, self->n_messages++,
                                           may_overtake (self) ? "!" : "",
                                           delivery == HB_DELIVERY_ACKNOWLEDGED ? "*" : "");
  g_autoptr (GError) error = NULL;
  guint n_acts = self->n_acts;
  guint64 limit = hb_websocket_task_get_max_buffered_amount (self->task);
  HbOverflow overflow = hb_websocket_task_get_overflow (self->task);
  gboolean is_accepted = hb_websocket_task_send_text (self->task, text, &error);

  g_assert_true (is_accepted == (error == NULL));
  if (!is_accepted)
    g_assert_true (error->domain == HB_ERROR);

  /* A handler may just have changed the settings. With DROP_NEWEST, the call succeeds even if it
   * drops the message, so the amount may exceed a limit that was lowered earlier. */
  if (is_accepted && limit > 0 && overflow != HB_OVERFLOW_DROP_NEWEST && self->object != NULL
      && n_acts == self->n_acts)
    g_assert_cmpuint (hb_websocket_task_get_buffered_amount (self->object), <=, limit);

  return is_accepted;
}

static void
send_much (Actor *self)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (200000), 1 + dice_roll (self->dice,
                                                                                  200000));

  hb_websocket_task_send_message (self->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                  dice_roll (self->dice, 2), NULL);
}

void
actor_set (Actor *self)
{
  static const char * const numbers[] = {
    "ping-timeout", "pong-timeout", "reconnect-timeout", "reconnect-timeout-max", "min-uptime",
    "connect-timeout", "close-timeout",
  };
  guint which = dice_roll (self->dice, 20);

  /* Each case makes a single call, because this call may free the task. */
  switch (which)
    {
    case 7:
      hb_websocket_task_set_uri (self->task, dice_one_in (self->dice, 8)
                                             ? "ws://127.0.0.1:1/" : rogue_get_uri (self->rogue));
      break;
    case 8:
      hb_websocket_task_set_heartbeat_mode (self->task, dice_roll (self->dice, 2));
      break;
    case 9:
      hb_websocket_task_set_liveness (self->task, dice_roll (self->dice, 3));
      break;
    case 10:
      hb_websocket_task_set_pong_message (self->task,
                                          dice_roll (self->dice, 2) == 0 ? "pong" : NULL);
      break;
    case 11:
      hb_websocket_task_set_reconnect_jitter (self->task, dice_roll (self->dice, 3) / 2.0);
      break;
    case 12:
      hb_websocket_task_set_repeat_limit (self->task, (int) dice_roll (self->dice, 12) - 1);
      break;
    case 13:
      hb_websocket_task_set_overflow (self->task, dice_roll (self->dice, 3));
      break;
    case 14:
      hb_websocket_task_set_max_buffered_amount (self->task, dice_roll (self->dice, 500000));
      break;
    case 15:
      hb_websocket_task_set_max_message_size (self->task, dice_one_in (self->dice, 16) ? 3 : 0);
      break;
    case 16:
      hb_websocket_task_set_compression (self->task, dice_roll (self->dice, 2));
      break;
    case 17:
      hb_websocket_task_set_queue_timeout (self->task, dice_roll (self->dice, 2)
                                                       * dice_roll (self->dice, 100));
      break;
    case 18:
      hb_websocket_task_set_delivery (self->task, dice_roll (self->dice, 2));
      break;
    case 19:
      hb_websocket_task_set_fragment_size (self->task, dice_roll (self->dice, 40000));
      break;
    default:
      g_object_set (self->task, numbers[which], dice_roll (self->dice, 20), NULL);
      break;
    }
}

static void
close_somehow (Actor *self)
{
  static const guint codes[] = { 1000, 1001, 3000, 4999, 1005 };

  hb_websocket_task_close (self->task, codes[dice_roll (self->dice, G_N_ELEMENTS (codes))], NULL);
}

static void
hold_or_release (Actor *self)
{
  if (self->n_holds > 0 && dice_roll (self->dice, 4) != 3)
    {
      self->n_holds--;
      hb_websocket_task_release (self->task);
    }
  else if (dice_one_in (self->dice, 4))
    {
      self->n_holds++;
      hb_websocket_task_hold (self->task);
    }
}

static void
cancel (Actor *self)
{
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&self->cancellable);

  self->cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
}

static void
end (Actor *self)
{
  switch (dice_roll (self->dice, 40))
    {
    case 38:
      self->is_disposed = TRUE;
      g_object_run_dispose (G_OBJECT (self->task));
      break;
    case 39:
      actor_join (self);
      g_clear_object (&self->task);
      break;
    default:
      break;
    }
}

/* Performs at most one random action. */
void
actor_act (Actor *self)
{
  if (self->task == NULL)
    return;

  self->n_acts++;

  switch (dice_roll (self->dice, 32))
    {
    case 0:
    case 1:
      hb_websocket_task_open (self->task);
      break;
    case 2:
      close_somehow (self);
      break;
    case 3:
      hb_websocket_task_reconnect_now (self->task);
      break;
    case 4:
      hb_websocket_task_check (self->task);
      break;
    case 5:
    case 6:
      hold_or_release (self);
      break;
    case 7:
      send_much (self);
      break;
    case 8:
      g_ptr_array_unref (hb_websocket_task_take_queue (self->task));
      break;
    case 9:
      cancel (self);
      break;
    case 10:
    case 11:
    case 12:
    case 13:
      actor_set (self);
      break;
    case 14:
      actor_call (self, 0);
      break;
    case 15:
      if (dice_roll (self->dice, 4) == 3)
        actor_call (self, 1);
      break;
    case 16:
    case 17:
      actor_call (self, 2);
      break;
    case 18:
      actor_call (self, 3);
      break;
    case 19:
      end (self);
      break;
    case 20:
    case 21:
      receive_or_pause (self);
      break;
    case 22:
    case 23:
      send_outside (self);
      break;
    default:
      actor_send (self);
      break;
    }
}
