/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-queue-private.h"

static void
move (HbDeque  *from,
      guint     index,
      gpointer  to)
{
  *(HbOutgoing *) to = *(HbOutgoing *) hb_deque_peek (from, index);
  hb_deque_remove (from, index);
}

/* Removes a message that is not in flight. */
static gboolean
pop (HbQueue    *self,
     HbDeque    *line,
     guint       index,
     HbOutgoing *message)
{
  if (index >= line->length)
    return FALSE;

  move (line, index, message);
  self->buffered_amount -= g_bytes_get_size (message->bytes);
  self->n_volatile -= message->is_volatile;

  return TRUE;
}

static void
clear_line (HbDeque *line)
{
  guint i;

  for (i = 0; i < line->length; i++)
    g_bytes_unref (((HbOutgoing *) hb_deque_peek (line, i))->bytes);

  hb_deque_clear (line);
}

void
hb_queue_init (HbQueue *self)
{
  *self = (HbQueue) { 0 };
  hb_deque_init (&self->in_flight, sizeof (HbOutgoing));
  hb_deque_init (&self->greeting, sizeof (HbOutgoing));
  hb_deque_init (&self->waiting, sizeof (HbOutgoing));
}

void
hb_queue_clear (HbQueue *self)
{
  clear_line (&self->in_flight);
  clear_line (&self->greeting);
  clear_line (&self->waiting);
  hb_queue_init (self);
}

gboolean
hb_queue_is_empty (const HbQueue *self)
{
  return self->in_flight.length + self->greeting.length + self->waiting.length == 0;
}

/* Returns how many messages could be taken now.
 *
 * @greeting: whether handlers of `open` are running, which send first */
guint
hb_queue_get_n_waiting (const HbQueue *self,
                        gboolean       greeting)
{
  return self->greeting.length + (greeting ? 0 : self->waiting.length);
}

/* Takes the ownership of the bytes of @message. */
void
hb_queue_push (HbQueue          *self,
               const HbOutgoing *message,
               gboolean          greeting)
{
  HbOutgoing *place = hb_deque_push_tail (greeting ? &self->greeting : &self->waiting);

  *place = *message;
  self->buffered_amount += g_bytes_get_size (message->bytes);
  self->n_volatile += message->is_volatile;
}

/* Moves the next message to those in flight.
 *
 * Returns: (nullable) */
const HbOutgoing *
hb_queue_take (HbQueue  *self,
               gboolean  greeting)
{
  HbDeque *line = self->greeting.length > 0 || greeting ? &self->greeting : &self->waiting;
  HbOutgoing *message;

  if (line->length == 0)
    return NULL;

  message = hb_deque_push_tail (&self->in_flight);
  move (line, 0, message);
  message->begin = message->end = HB_UNSENT;
  self->in_flight_amount += g_bytes_get_size (message->bytes);
  self->n_volatile -= message->is_volatile;

  return message;
}

/* Records where the frame of the message that was last taken lies. A handler that runs during the
 * write may take and send another message, whose frame is then recorded first. */
void
hb_queue_set_span (HbQueue *self,
                   guint64  begin,
                   guint64  end)
{
  guint i = self->in_flight.length;

  while (i-- > 0)
    {
      HbOutgoing *message = hb_deque_peek (&self->in_flight, i);

      if (message->end != HB_UNSENT)
        continue;

      message->begin = begin;
      message->end = end;
      return;
    }
}

/* Moves all messages back to those that wait, in the order in which they were to be sent, because
 * the link was lost. */
void
hb_queue_take_back (HbQueue *self)
{
  HbDeque *lines[] = { &self->greeting, &self->in_flight };
  guint i;

  for (i = 0; i < self->in_flight.length; i++)
    self->n_volatile += ((HbOutgoing *) hb_deque_peek (&self->in_flight, i))->is_volatile;

  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      while (lines[i]->length > 0)
        {
          HbOutgoing *message = hb_deque_push_head (&self->waiting);

          move (lines[i], lines[i]->length - 1, message);
          message->is_greeting = FALSE;
        }
    }

  self->in_flight_amount = 0;
}

/* Removes the first message in flight if its frame ends at or before @written. */
gboolean
hb_queue_pop_written (HbQueue    *self,
                      guint64     written,
                      HbOutgoing *message)
{
  const HbOutgoing *first = hb_deque_peek (&self->in_flight, 0);
  gsize size;

  if (first == NULL || first->end > written)
    return FALSE;

  move (&self->in_flight, 0, message);
  size = g_bytes_get_size (message->bytes);
  self->in_flight_amount -= size;
  self->buffered_amount -= size;

  return TRUE;
}

/* Removes the message that would be taken next. Messages in flight may be in the kernel in part, so
 * they remain. */
gboolean
hb_queue_pop_next (HbQueue    *self,
                   HbOutgoing *message)
{
  return pop (self, &self->greeting, 0, message) || pop (self, &self->waiting, 0, message);
}

/* Removes the message that an overflow drops first. Messages of `open` handlers are dropped last,
 * because a server may ignore all others without them. */
gboolean
hb_queue_pop_oldest (HbQueue    *self,
                     HbOutgoing *message)
{
  return pop (self, &self->waiting, 0, message) || pop (self, &self->greeting, 0, message);
}

gboolean
hb_queue_pop_volatile (HbQueue    *self,
                       HbOutgoing *message)
{
  HbDeque *lines[] = { &self->waiting, &self->greeting };
  guint line;
  guint i;

  if (self->n_volatile == 0)
    return FALSE;

  for (line = 0; line < G_N_ELEMENTS (lines); line++)
    {
      for (i = 0; i < lines[line]->length; i++)
        {
          if (((HbOutgoing *) hb_deque_peek (lines[line], i))->is_volatile)
            return pop (self, lines[line], i, message);
        }
    }

  g_assert_not_reached ();
}

/* Removes the message with @ticket, unless it is in flight. */
gboolean
hb_queue_pop_ticket (HbQueue    *self,
                     gpointer    ticket,
                     HbOutgoing *message)
{
  HbDeque *lines[] = { &self->waiting, &self->greeting };
  guint line;
  guint i;

  for (line = 0; line < G_N_ELEMENTS (lines); line++)
    {
      for (i = 0; i < lines[line]->length; i++)
        {
          if (((HbOutgoing *) hb_deque_peek (lines[line], i))->ticket == ticket)
            return pop (self, lines[line], i, message);
        }
    }

  return FALSE;
}
