/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cell-sides.h"
#include "fixture.h"
#include "raw-frame.h"

#define N_BACKLOG 40

static void
confirm_messages (Cell  *self,
                  guint  n)
{
  cell_send_messages (self, n);
  wait_until (cell_has_last (self));
  self->n_confirmed = self->n_accepted;
}

static void
open_link (Cell *self)
{
  guint index = raw_server_get_n_accepted (self->server);

  hb_websocket_task_open (self->task);
  signal_log_expect (self->log, WORDS_OPEN);
  self->victim = raw_server_wait_peer (self->server, index);
  self->is_deaf = TRUE;

  if (self->state != STATE_UNREADY)
    confirm_messages (self, 3);
}

/* Opens a connection, and brings the task into the state that the fault must hit. */
static void
enter_link (Cell *self)
{
  const char half[] = { RAW_TEXT, 2, 'a', 'b' };

  open_link (self);

  switch (self->state)
    {
    case STATE_LAST:
      hb_websocket_task_set_repeat_limit (self->task, 0);
      break;

    case STATE_UNREADY:
      cell_send_messages (self, 3);
      wait_until (self->has_login);
      g_assert_cmpuint (hb_websocket_task_get_buffered_amount (self->task), >=, 3 * CELL_SMALL);
      break;

    case STATE_PINGED:
      hb_websocket_task_check (self->task);
      wait_until (self->has_pinged);
      break;

    case STATE_BACKLOG:
      raw_peer_pause (self->victim);
      cell_send_messages (self, N_BACKLOG);
      g_assert_cmpuint (hb_websocket_task_get_buffered_amount (self->task), >, CELL_BIG);
      break;

    case STATE_MIDWAY:
      raw_peer_write (self->victim, half, sizeof half);
      wait_idle ();
      break;

    case STATE_CLOSING:
      hb_websocket_task_close (self->task, 1000, NULL);
      signal_log_expect_now (self->log, "state:closing");
      wait_until (self->has_closed);
      break;

    case STATE_OPEN:
    case STATE_LEFT:
      break;

    case STATE_CONNECTING:
    case STATE_RECONNECTING:
    case N_STATES:
    default:
      g_assert_not_reached ();
    }
}

/* Begins the attempt that the fault must hit. With PHASE_NOBODY, this function or reconnect_cb ()
 * causes the fault. With the other phases, hit () causes it in the state LEFT, and a callback of
 * the server in the other states. */
static void
begin_attempt (Cell *self)
{
  if (self->state == STATE_RECONNECTING)
    {
      open_link (self);
      raw_peer_drop (self->victim);
      self->victim = NULL;
      self->is_deaf = FALSE;
      self->is_armed = TRUE;
      return;
    }

  if (self->state == STATE_LAST)
    hb_websocket_task_set_repeat_limit (self->task, 0);
  if (self->fault->phase == PHASE_NOBODY)
    cell_strike (self);

  self->is_armed = TRUE;
  hb_websocket_task_open (self->task);
  if (self->fault->phase != PHASE_LINK)
    cell_send_messages (self, 2);
  if (self->state == STATE_LEFT)
    wait_until (self->victim != NULL);
}

/* Ends the state of a connection that has survived the fault. */
static void
carry_on (Cell *self)
{
  const guint8 other_half[] = { RAW_FIN, 2, 'c', 'd' };

  self->is_deaf = FALSE;

  switch (self->state)
    {
    case STATE_PINGED:
      cell_reply (self, self->victim);
      break;

    case STATE_UNREADY:
      wait_until (self->fault->messages == NULL
                  || signal_log_count (self->log, self->fault->messages) > 0);
      cell_mark_ready (self);
      break;

    case STATE_BACKLOG:
      wait_until (self->fault->messages == NULL
                  || signal_log_count (self->log, self->fault->messages) > 0);
      raw_peer_resume (self->victim);
      break;

    case STATE_MIDWAY:
      raw_peer_write (self->victim, other_half, sizeof other_half);
      break;

    case STATE_CLOSING:
      raw_peer_send_close (self->victim, 1000, NULL);
      break;

    case STATE_CONNECTING:
    case STATE_RECONNECTING:
    case STATE_LAST:
    case STATE_OPEN:
    case STATE_LEFT:
      break;

    case N_STATES:
    default:
      g_assert_not_reached ();
    }
}

static void
hit (Cell *self)
{
  if (self->state == STATE_CONNECTING || self->state == STATE_RECONNECTING
      || self->fault->phase != PHASE_LINK)
    begin_attempt (self);
  else
    enter_link (self);

  if (!self->is_struck && !self->is_armed)
    {
      cell_strike (self);
      if (cell_goes_on (self))
        carry_on (self);
    }

  if (self->state == STATE_LEFT)
    {
      if (!self->is_struck)
        cell_strike (self);
      cell_disarm (self);
      hb_websocket_task_reconnect_now (self->task);
    }
}

static int
compare_arrivals (gconstpointer a,
                  gconstpointer b)
{
  const CellArrival *one = a;
  const CellArrival *other = b;

  return (int) one->link - (int) other->link;
}

/* Checks that the messages have arrived once and in order. Only messages from @lost_from up to, but
 * not including, @lost_to may be missing. */
static void
check_arrivals (Cell  *self,
                guint  lost_from,
                guint  lost_to)
{
  guint next = 0;
  guint i;

  g_array_sort (self->arrivals, compare_arrivals);

  for (i = 0; i < self->arrivals->len; i++)
    {
      guint number = g_array_index (self->arrivals, CellArrival, i).number;

      for (; next < number; next++)
        g_assert_true (next >= lost_from && next < lost_to);

      g_assert_cmpuint (number, ==, next);
      next++;
    }

  g_assert_cmpuint (next, ==, self->n_accepted);
}

/* Reads the faulty connection to its end, unless the server has closed it. */
static void
bury_victim (Cell *self)
{
  if (self->victim == NULL || raw_peer_is_closed (self->victim))
    return;

  raw_peer_resume (self->victim);
  wait_until (raw_peer_has_ended (self->victim));
}

/* Ends the fault, and waits until the task has an idle open connection. */
static void
settle (Cell *self)
{
  cell_disarm (self);

  if (cell_ends_closed (self))
    {
      assert_state (self->task, HB_STATE_CLOSED);
      hb_websocket_task_set_repeat_limit (self->task, -1);
      hb_websocket_task_open (self->task);
      signal_log_expect (self->log, WORDS_OPEN);
    }
  else
    {
      /* Until the last message has arrived, the next one might be queued and cause `drain`, which
       * the test does not expect. */
      wait_until (cell_has_last (self));
      wait_idle ();
    }

  if (self->state == STATE_PINGED && cell_goes_on (self))
    wait_until (hb_websocket_task_get_latency (self->task) >= 0);
  if (self->fault->n_pongs > 0 && cell_goes_on (self)
      && self->state != STATE_CLOSING && self->state != STATE_LEFT)
    wait_until (self->n_pongs >= fault_get_n_pongs (self->fault, self->state));
  g_assert_cmpuint (self->n_pongs, <=, self->fault->n_pongs);
}

/* Checks that the task works after the fault. */
static void
prove (Cell *self)
{
  guint lost_to = cell_ends_closed (self) ? self->n_accepted : self->n_handed;
  RawPeer *peer;

  cell_send_messages (self, 1);
  wait_until (cell_has_last (self));
  peer = g_array_index (self->arrivals, CellArrival, self->arrivals->len - 1).peer;
  g_assert_true (cell_goes_on (self) || peer != self->victim);
  raw_peer_send_text (peer, "after");
  signal_log_expect (self->log, "message:text:after");
  hb_websocket_task_close (self->task, 1000, NULL);
  signal_log_expect (self->log, WORDS_CLOSE);
  bury_victim (self);
  check_arrivals (self, self->n_confirmed, lost_to);
}

void
cell_run (const Cell      *cell,
          GTlsCertificate *certificate)
{
  Cell copy = {
    .fault = cell->fault,
    .state = cell->state,
    .is_tls = cell->is_tls,
    .mode = cell->mode,
    .certificate = certificate,
  };
  Cell *self = &copy;
  g_autofree char *words = cell_make_words (self);

  cell_set_up (self);
  hit (self);
  signal_log_expect (self->log, words);
  settle (self);
  prove (self);
  cell_tear_down (self);
}
