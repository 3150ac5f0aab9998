/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-queue-private.h"

/* Inline, because this function runs for each message that waits. The first message, which is
 * removed in most calls, can be removed faster. */
static inline void
move (HbDeque    *from,
      guint       index,
      HbOutgoing *to)
{
  *to = *(HbOutgoing *) hb_deque_at (from, index);

  if (index == 0)
    hb_deque_pop_head (from);
  else
    hb_deque_remove (from, index);
}

static void
on_left (HbQueue          *self,
         const HbOutgoing *message)
{
  self->n_volatile -= message->is_volatile;
  self->n_this_link -= message->is_this_link;
}

static void
take_out (HbQueue    *self,
          HbLine      line,
          guint       index,
          HbOutgoing *message)
{
  move (&self->lines[line], index, message);
  on_left (self, message);
}

/* The caller owns the bytes of the message. Returns FALSE if the line has no message at @index. */
static gboolean
pop (HbQueue    *self,
     HbLine      line,
     guint       index,
     HbOutgoing *message)
{
  if (index >= self->lines[line].length)
    return FALSE;

  take_out (self, line, index, message);
  hb_queue_release (self, message);

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
  guint line;

  *self = (HbQueue) { .oldest = HB_NEVER };
  hb_deque_init (&self->in_flight, sizeof (HbOutgoing));
  for (line = 0; line < HB_N_LINES; line++)
    hb_deque_init (&self->lines[line], sizeof (HbOutgoing));
}

void
hb_queue_clear (HbQueue *self)
{
  guint line;

  clear_line (&self->in_flight);
  for (line = 0; line < HB_N_LINES; line++)
    clear_line (&self->lines[line]);
  hb_queue_init (self);
}

/* Counts the bytes of @message, unless the sum of all counted bytes would then exceed @limit.
 * Returns whether the bytes of @message are counted, by this call or by an earlier one.
 *
 * @limit: in bytes, 0 for no limit */
gboolean
hb_queue_reserve (HbQueue    *self,
                  HbOutgoing *message,
                  guint64     limit)
{
  hb_queue_release_gone (self);

  if (!message->is_reserved)
    message->is_reserved = hb_amount_reserve (&self->buffered, g_bytes_get_size (message->bytes),
                                              limit);

  return message->is_reserved;
}

void
hb_queue_release (HbQueue          *self,
                  const HbOutgoing *message)
{
  if (message->is_reserved)
    hb_amount_release (&self->buffered, g_bytes_get_size (message->bytes));
}

/* Subtracts from `buffered` the bytes of the messages that hb_queue_pop_sent () and
 * hb_queue_pop_passed () have removed. One atomic operation for all of them saves time. */
void
hb_queue_release_gone (HbQueue *self)
{
  if (self->n_unreleased == 0)
    return;

  hb_amount_release (&self->buffered, self->n_unreleased);
  self->n_unreleased = 0;
}

gsize
hb_queue_get_buffered (HbQueue *self)
{
  return hb_amount_get (&self->buffered) - self->n_unreleased;
}

/* Takes ownership of the bytes of @message. hb_queue_reserve () must have counted them. */
void
hb_queue_push (HbQueue          *self,
               const HbOutgoing *message,
               HbLine            line)
{
  HbOutgoing *place = hb_deque_push_tail (&self->lines[line]);

  *place = *message;
  self->n_volatile += message->is_volatile;
  self->n_this_link += message->is_this_link;
  self->oldest = MIN (self->oldest, message->accepted_at);
}

/* Adds a message that was passed to the link at once. For its bytes, see hb_queue_push (), and for
 * @begin and @end, see HbOutgoing. The two positions are set only in the copy that the queue keeps,
 * because if they were set in @message first, the copying would have to wait for those writes. */
void
hb_queue_push_sent (HbQueue          *self,
                    const HbOutgoing *message,
                    guint64           begin,
                    guint64           end)
{
  HbOutgoing *place = hb_deque_push_tail (&self->in_flight);

  *place = *message;
  place->begin = begin;
  place->end = end;
  self->in_flight_amount += g_bytes_get_size (message->bytes);
}

/* Moves the next message to those in flight.
 *
 * @last: the last line from which messages may be taken
 *
 * Returns: (nullable): the message, which is valid until the queue changes */
const HbOutgoing *
hb_queue_take (HbQueue *self,
               HbLine   last)
{
  HbLine line = HB_LINE_THIS_LINK;
  HbOutgoing *message;

  while (self->lines[line].length == 0)
    {
      if (line == last)
        return NULL;
      line++;
    }

  message = hb_deque_push_tail (&self->in_flight);
  move (&self->lines[line], 0, message);
  message->begin = message->end = HB_UNSENT;
  self->in_flight_amount += g_bytes_get_size (message->bytes);
  on_left (self, message);

  return message;
}

/* Records the position of the last taken message that has no position yet. While that message was
 * being written, a handler may have sent another message, whose position was then recorded first.
 * Returns whether a call waits for the message. */
gboolean
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
      return message->ticket != NULL;
    }

  return FALSE;
}

/* Returns whether a message behind @message may be older.
 *
 * @next: (nullable): the message directly behind @message */
static gboolean
is_ahead (const HbOutgoing *message,
          const HbOutgoing *next)
{
  return next != NULL && (next->is_ahead || next->accepted_at < message->accepted_at);
}

/* Call this when the link has been lost, after hb_queue_pop_passed (). */
void
hb_queue_take_back (HbQueue *self)
{
  HbDeque *lines[] = {
    &self->lines[HB_LINE_GREETING], &self->lines[HB_LINE_THIS_LINK], &self->in_flight,
  };
  guint i;

  for (i = 0; i < self->in_flight.length; i++)
    {
      HbOutgoing *message = hb_deque_peek (&self->in_flight, i);

      message->was_written |= i < self->n_unacknowledged;
      self->n_volatile += message->is_volatile;
      self->n_this_link += message->is_this_link;
    }

  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      while (lines[i]->length > 0)
        {
          HbOutgoing *message = hb_deque_push_head (&self->lines[HB_LINE_WAITING]);

          move (lines[i], lines[i]->length - 1, message);
          message->is_greeting = FALSE;
          message->is_returned = TRUE;
          message->is_ahead = is_ahead (message, hb_deque_peek (&self->lines[HB_LINE_WAITING], 1));
          self->oldest = MIN (self->oldest, message->accepted_at);
        }
    }

  self->in_flight_amount = 0;
  self->n_unacknowledged = 0;
}

/* Call this after hb_queue_pop_sent (), when more bytes have been written. */
void
hb_queue_on_written (HbQueue *self,
                     guint64  written)
{
  const HbOutgoing *message;

  while ((message = hb_queue_peek_unwritten (self)) != NULL && message->end <= written)
    {
      self->n_unacknowledged++;
      self->in_flight_amount -= g_bytes_get_size (message->bytes);
    }
}

/* Moves the written messages that need no acknowledgement to @popped, a deque of HbOutgoing. The
 * caller owns their bytes, and calls hb_queue_release_gone (). */
void
hb_queue_pop_passed (HbQueue *self,
                     HbDeque *popped)
{
  guint n_written = self->n_unacknowledged;
  HbOutgoing message;
  guint i, n;

  for (i = 0, n = n_written > 0 ? self->in_flight.length : 0; i < n; i++)
    {
      move (&self->in_flight, 0, &message);

      if (i >= n_written || message.delivery != HB_DELIVERY_WRITTEN)
        {
          *(HbOutgoing *) hb_deque_push_tail (&self->in_flight) = message;
          continue;
        }

      self->n_unacknowledged--;
      self->n_unreleased += g_bytes_get_size (message.bytes);
      *(HbOutgoing *) hb_deque_push_tail (popped) = message;
    }
}

/* Messages in flight remain, because the kernel may already have accepted bytes of them. */
gboolean
hb_queue_pop_next (HbQueue    *self,
                   HbOutgoing *message)
{
  return pop (self, HB_LINE_THIS_LINK, 0, message)
         || pop (self, HB_LINE_GREETING, 0, message)
         || pop (self, HB_LINE_WAITING, 0, message);
}

gboolean
hb_queue_pop_unready (HbQueue    *self,
                      HbOutgoing *message)
{
  return pop (self, HB_LINE_GREETING, 0, message) || pop (self, HB_LINE_WAITING, 0, message);
}

static gboolean
pop_unacknowledged (HbQueue    *self,
                    HbOutgoing *message)
{
  if (self->n_unacknowledged == 0)
    return FALSE;

  move (&self->in_flight, 0, message);
  self->n_unacknowledged--;
  hb_queue_release (self, message);

  return TRUE;
}

/* Removes the message that an overflow drops first. Dropping a written message does the least harm,
 * because it will probably arrive. The messages of a login and of `open` handlers are dropped last,
 * because without them a server may ignore all others. */
gboolean
hb_queue_pop_oldest (HbQueue    *self,
                     HbOutgoing *message)
{
  return pop_unacknowledged (self, message)
         || pop (self, HB_LINE_WAITING, 0, message)
         || pop (self, HB_LINE_GREETING, 0, message)
         || pop (self, HB_LINE_THIS_LINK, 0, message);
}

/* Moves all volatile messages that are not in flight to @popped, a deque of HbOutgoing. The caller
 * owns their bytes. Each line is searched only once, because a search for each of thousands of
 * messages would take too long.
 *
 * @and_this_link: whether messages for this link only are removed too */
void
hb_queue_pop_volatile (HbQueue  *self,
                       gboolean  and_this_link,
                       HbDeque  *popped)
{
  HbOutgoing message;
  guint line;
  guint n;

  if (self->n_volatile == 0 && (!and_this_link || self->n_this_link == 0))
    return;

  for (line = 0; line < HB_N_LINES; line++)
    {
      for (n = self->lines[line].length; n > 0; n--)
        {
          take_out (self, line, 0, &message);

          if (!message.is_volatile && (!and_this_link || !message.is_this_link))
            {
              hb_queue_push (self, &message, line);
              continue;
            }

          hb_queue_release (self, &message);
          *(HbOutgoing *) hb_deque_push_tail (popped) = message;
        }
    }
}

/* Removes the first message in the lines that was accepted at or before @limit. The search of a
 * line ends at the first message that no older one follows. Otherwise, each search would examine
 * all messages that have returned. If no message is found, `oldest` is exact afterwards. */
gboolean
hb_queue_pop_expired (HbQueue    *self,
                      gint64      limit,
                      HbOutgoing *message)
{
  const HbOutgoing *candidate;
  gint64 oldest = HB_NEVER;
  guint line;
  guint i;

  for (line = 0; line < HB_N_LINES; line++)
    {
      for (i = 0; (candidate = hb_deque_peek (&self->lines[line], i)) != NULL; i++)
        {
          if (candidate->accepted_at <= limit)
            return pop (self, line, i, message);

          oldest = MIN (oldest, candidate->accepted_at);
          if (!candidate->is_ahead)
            break;
        }
    }

  self->oldest = oldest;
  return FALSE;
}

/* Removes the message with @ticket, unless it is in flight. */
gboolean
hb_queue_pop_ticket (HbQueue    *self,
                     gpointer    ticket,
                     HbOutgoing *message)
{
  guint line;
  guint i;

  for (line = 0; line < HB_N_LINES; line++)
    {
      for (i = 0; i < self->lines[line].length; i++)
        {
          if (((HbOutgoing *) hb_deque_peek (&self->lines[line], i))->ticket == ticket)
            return pop (self, line, i, message);
        }
    }

  return FALSE;
}

/* Removes the refused message from those that have returned. */
gboolean
hb_queue_pop_refused (HbQueue    *self,
                      HbOutgoing *message)
{
  const HbOutgoing *candidate;
  guint i;

  for (i = 0; (candidate = hb_deque_peek (&self->lines[HB_LINE_WAITING], i)) != NULL
              && candidate->is_returned; i++)
    {
      if (candidate->is_refused)
        return pop (self, HB_LINE_WAITING, i, message);
    }

  return FALSE;
}

/* Marks written messages. If the link ends before they are acknowledged, they are not sent again,
 * and their calls are cancelled.
 *
 * @ticket: (nullable): of the message, NULL for all */
void
hb_queue_withdraw (HbQueue  *self,
                   gpointer  ticket)
{
  guint i;

  for (i = 0; i < self->n_unacknowledged; i++)
    {
      HbOutgoing *message = hb_deque_peek (&self->in_flight, i);

      if (ticket != NULL && message->ticket != ticket)
        continue;

      message->is_this_link = TRUE;
      message->is_withdrawn = TRUE;
    }
}

static void
start_ages (HbDeque *line,
            gint64   now)
{
  guint i;

  for (i = 0; i < line->length; i++)
    {
      HbOutgoing *message = hb_deque_peek (line, i);

      message->accepted_at = MIN (message->accepted_at, now);
    }
}

/* Makes the age of messages count from now if the time of their acceptance is not known. */
void
hb_queue_start_ages (HbQueue *self,
                     gint64   now)
{
  guint line;

  start_ages (&self->in_flight, now);
  for (line = 0; line < HB_N_LINES; line++)
    start_ages (&self->lines[line], now);

  if (hb_queue_get_n_waiting (self, HB_LINE_WAITING) > 0)
    self->oldest = MIN (self->oldest, now);
}
