/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-outbox-private.h"

/* Messages that the peer refuses: one during which it has ended this many links in a row is
 * dropped, because all others would wait behind it forever. */
#define MAX_REFUSALS 3

/* The same for a message that is written and not acknowledged. A peer that resets the link may do
 * so before its TCP has acknowledged what it has read. A router on the way may reset the link too,
 * so more resets are needed. */
#define MAX_RESETS 10

/* Returns whether the kernel has a part of a message, but not all of it. Over TLS a refused record
 * may be in the kernel in part too. That does not count, because the peer cannot have read its
 * content. */
gboolean
hb_outbox_is_in_message (HbOutbox *self)
{
  const HbOutgoing *first = hb_queue_peek_unwritten (&self->queue);

  return first != NULL && first->begin < self->written;
}

/* Counts the end of a link at a message. */
static void
count (HbOutbox         *self,
       const HbOutgoing *message)
{
  g_assert (message != NULL);

  if (self->refused != message->number)
    self->n_refusals = 0;

  self->refused = message->number;
  self->n_refusals++;
}

/* Counts the end of a link during a message, which the peer has caused. Call this before
 * hb_outbox_on_lost ().
 *
 * @is_too_big: whether the peer named the size as the reason
 *
 * Returns: (nullable): the message, if it is to be dropped */
const HbOutgoing *
hb_outbox_judge_end (HbOutbox *self,
                     gboolean  is_too_big)
{
  const HbOutgoing *first = hb_queue_peek_unwritten (&self->queue);

  count (self, first);

  return is_too_big || self->n_refusals >= MAX_REFUSALS ? first : NULL;
}

/* Returns whether to count a reset for a message that waits for its acknowledgement. Each link has
 * messages of `open` handlers and of a login of its own, so a count for one of them would never
 * end. */
gboolean
hb_outbox_can_judge_reset (const HbOutbox *self)
{
  const HbOutgoing *first = hb_queue_peek_unacknowledged (&self->queue);

  return first != NULL && !first->is_greeting;
}

/* Does the same as hb_outbox_judge_end () for a reset of the link. The first message without an
 * acknowledgement is the one that the peer has reached. */
const HbOutgoing *
hb_outbox_judge_reset (HbOutbox *self)
{
  const HbOutgoing *first = hb_queue_peek_unacknowledged (&self->queue);

  count (self, first);

  return self->n_refusals >= MAX_RESETS ? first : NULL;
}

/* Drops the message that one of the two functions above has returned, and reports @error. Call this
 * after hb_outbox_on_lost (), which has dropped the message already if it was not to be kept. */
void
hb_outbox_drop_refused (HbOutbox     *self,
                        const GError *error)
{
  HbOutgoing message;

  self->n_refusals = 0;
  hb_effects_push_error (self->effects, g_error_copy (error));

  if (!hb_queue_pop_number (&self->queue, self->refused, &message))
    return;

  hb_outbox_drop (self, &message, HB_OUTCOME_FAILED, error);
  hb_outbox_settle (self);
}
