/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-outbox-private.h"

/* A message is dropped after the peer has ended this many links in the middle of it, because the
 * messages behind it would wait forever. */
#define MAX_REFUSALS 3

/* A message is dropped after this many resets of links on which it was the first unacknowledged
 * message. A peer that refuses a message may reset the link before its TCP has acknowledged the
 * message. A router may reset the link too, so this limit is higher than MAX_REFUSALS. */
#define MAX_RESETS 10

/* Returns whether the kernel has accepted a part of a message, but not all of it. Over TLS, a part
 * of a record does not count, because the peer cannot decrypt it. */
gboolean
hb_outbox_is_in_message (HbOutbox *self)
{
  const HbOutgoing *first = hb_queue_peek_unwritten (&self->queue);

  return first != NULL && first->begin < self->written;
}

/* The counts belong to the message, so they grow even if other messages complete on each link
 * before this one is sent.
 *
 * Returns: (nullable): the message, if it is to be dropped */
static const HbOutgoing *
refuse_from (HbOutgoing *message,
             guint       count,
             guint       limit)
{
  message->is_refused = count >= limit;

  return message->is_refused ? message : NULL;
}

/* Counts a link that the peer has ended in the middle of a message. Call this before
 * hb_outbox_on_lost ().
 *
 * @is_too_big: whether the peer named the size as the reason
 *
 * Returns: (nullable): the message, if it is to be dropped */
const HbOutgoing *
hb_outbox_judge_end (HbOutbox *self,
                     gboolean  is_too_big)
{
  HbOutgoing *message = hb_queue_peek_unwritten (&self->queue);

  g_assert (message != NULL);

  return refuse_from (message, ++message->n_ends, is_too_big ? 1 : MAX_REFUSALS);
}

/* Returns whether to count a reset for an unacknowledged message. The messages of `open` handlers
 * and of a login are different on each link, so their counts would never reach the limit. */
gboolean
hb_outbox_can_judge_reset (const HbOutbox *self)
{
  const HbOutgoing *first = hb_queue_peek_unacknowledged (&self->queue);

  return first != NULL && !first->is_greeting;
}

/* Call this after a reset that is counted for no message. If messages of a login or of `open`
 * handlers were not acknowledged, the peer may have read a message of HB_LINE_WAITING together with
 * them, and refused it. The peer would then reset each later link in the same way, and no reset
 * would be counted for the refused message. So on later links, HB_LINE_WAITING is held back until
 * the messages before it are acknowledged. */
void
hb_outbox_on_reset (HbOutbox *self)
{
  self->was_reset = self->was_reset || hb_outbox_is_unacknowledged (self);
}

/* Stops holding HB_LINE_WAITING back, and sends its messages, unless a message precedes this line,
 * or may still be added before it. This function is seldom needed, so it is not inline in
 * hb_outbox_follow_greeting (). */
void
hb_outbox_try_queue (HbOutbox *self)
{
  if (self->greeting || !self->is_ready || self->queue.in_flight.length > 0
      || hb_queue_get_n_waiting (&self->queue, HB_LINE_GREETING) > 0)
    return;

  self->holds_back = FALSE;
  hb_effects_push (self->effects, HB_EFFECT_TRANSMIT);
}

/* Counts a reset for the first message without an acknowledgement. The messages before this one
 * count as sent, so they are not sent again, and cannot cause another reset.
 *
 * Returns: (nullable): the message, if it is to be dropped */
const HbOutgoing *
hb_outbox_judge_reset (HbOutbox *self)
{
  HbOutgoing *message = hb_queue_peek_unacknowledged (&self->queue);

  g_assert (message != NULL);

  return refuse_from (message, ++message->n_resets, MAX_RESETS);
}

/* Call this after hb_outbox_on_lost (), which has already dropped the refused message if it was
 * volatile or for that link only. */
void
hb_outbox_drop_refused (HbOutbox     *self,
                        const GError *error)
{
  HbOutgoing message;

  hb_effects_push_error (self->effects, g_error_copy (error));

  if (!hb_queue_pop_refused (&self->queue, &message))
    return;

  hb_outbox_drop (self, &message, HB_OUTCOME_FAILED, error);
  hb_outbox_settle (self);
}
