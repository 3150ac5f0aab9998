/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-lanes-private.h"

static void
move (HbDeque  *from,
      guint     index,
      gpointer  to)
{
  *(HbOutgoing *) to = *(HbOutgoing *) hb_deque_peek (from, index);
  hb_deque_remove (from, index);
}

/* Takes a message out for good, one that has not been handed over. */
static gboolean
pop (HbLanes    *self,
     HbDeque    *lane,
     guint       index,
     HbOutgoing *message)
{
  if (index >= lane->length)
    return FALSE;

  move (lane, index, message);
  self->buffered_amount -= g_bytes_get_size (message->bytes);
  self->n_volatile -= message->is_volatile;

  return TRUE;
}

static void
clear_lane (HbDeque *lane)
{
  guint i;

  for (i = 0; i < lane->length; i++)
    g_bytes_unref (((HbOutgoing *) hb_deque_peek (lane, i))->bytes);

  hb_deque_clear (lane);
}

void
hb_lanes_init (HbLanes *self)
{
  *self = (HbLanes) { 0 };
  hb_deque_init (&self->handed, sizeof (HbOutgoing));
  hb_deque_init (&self->greeting, sizeof (HbOutgoing));
  hb_deque_init (&self->queue, sizeof (HbOutgoing));
}

void
hb_lanes_clear (HbLanes *self)
{
  clear_lane (&self->handed);
  clear_lane (&self->greeting);
  clear_lane (&self->queue);
  hb_lanes_init (self);
}

gboolean
hb_lanes_is_empty (const HbLanes *self)
{
  return self->handed.length + self->greeting.length + self->queue.length == 0;
}

/* How many messages could be handed over now; while @greeting is TRUE the queue is held back. */
guint
hb_lanes_get_waiting (const HbLanes *self,
                      gboolean       greeting)
{
  return self->greeting.length + (greeting ? 0 : self->queue.length);
}

/* Takes over what @message owns. */
void
hb_lanes_push (HbLanes          *self,
               const HbOutgoing *message,
               gboolean          greeting)
{
  HbOutgoing *place = hb_deque_push_tail (greeting ? &self->greeting : &self->queue);

  *place = *message;
  self->buffered_amount += g_bytes_get_size (message->bytes);
  self->n_volatile += message->is_volatile;
}

/* Gives the next message to hand over, and keeps it until it is written. */
const HbOutgoing *
hb_lanes_take (HbLanes  *self,
               gboolean  greeting)
{
  HbDeque *lane = self->greeting.length > 0 || greeting ? &self->greeting : &self->queue;
  HbOutgoing *message;

  if (lane->length == 0)
    return NULL;

  message = hb_deque_push_tail (&self->handed);
  move (lane, 0, message);
  self->handed_amount += g_bytes_get_size (message->bytes);
  self->n_volatile -= message->is_volatile;

  return message;
}

/* After a loss: everything back into the queue, in the order in which it would have gone out. */
void
hb_lanes_take_back (HbLanes *self)
{
  HbDeque *lanes[] = { &self->greeting, &self->handed };
  guint i;

  for (i = 0; i < self->handed.length; i++)
    self->n_volatile += ((HbOutgoing *) hb_deque_peek (&self->handed, i))->is_volatile;

  for (i = 0; i < G_N_ELEMENTS (lanes); i++)
    {
      while (lanes[i]->length > 0)
        {
          HbOutgoing *message = hb_deque_push_head (&self->queue);

          move (lanes[i], lanes[i]->length - 1, message);
          message->is_greeting = FALSE;
        }
    }

  self->handed_amount = 0;
}

gboolean
hb_lanes_pop_written (HbLanes    *self,
                      HbOutgoing *message)
{
  gsize size;

  if (self->handed.length == 0)
    return FALSE;

  move (&self->handed, 0, message);
  size = g_bytes_get_size (message->bytes);
  self->handed_amount -= size;
  self->buffered_amount -= size;

  return TRUE;
}

/* The message that would be handed over next. What has been handed over may be on the wire in part,
 * so it cannot be taken back. */
gboolean
hb_lanes_pop_next (HbLanes    *self,
                   HbOutgoing *message)
{
  return pop (self, &self->greeting, 0, message) || pop (self, &self->queue, 0, message);
}

/* The message that an overflow drops first: a greeting is kept for as long as possible, because the
 * server ignores the rest without it. */
gboolean
hb_lanes_pop_oldest (HbLanes    *self,
                     HbOutgoing *message)
{
  return pop (self, &self->queue, 0, message) || pop (self, &self->greeting, 0, message);
}

gboolean
hb_lanes_pop_volatile (HbLanes    *self,
                       HbOutgoing *message)
{
  HbDeque *lanes[] = { &self->queue, &self->greeting };
  guint lane;
  guint i;

  if (self->n_volatile == 0)
    return FALSE;

  for (lane = 0; lane < G_N_ELEMENTS (lanes); lane++)
    {
      for (i = 0; i < lanes[lane]->length; i++)
        {
          if (((HbOutgoing *) hb_deque_peek (lanes[lane], i))->is_volatile)
            return pop (self, lanes[lane], i, message);
        }
    }

  g_assert_not_reached ();
}

/* The message of one caller that waits for it, unless it has been handed over. */
gboolean
hb_lanes_pop_ticket (HbLanes    *self,
                     gpointer    ticket,
                     HbOutgoing *message)
{
  HbDeque *lanes[] = { &self->queue, &self->greeting };
  guint lane;
  guint i;

  for (lane = 0; lane < G_N_ELEMENTS (lanes); lane++)
    {
      for (i = 0; i < lanes[lane]->length; i++)
        {
          if (((HbOutgoing *) hb_deque_peek (lanes[lane], i))->ticket == ticket)
            return pop (self, lanes[lane], i, message);
        }
    }

  return FALSE;
}
