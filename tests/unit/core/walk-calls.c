/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "walk-private.h"

static Call *
find_call (Walk     *self,
           gpointer  ticket)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->id == GPOINTER_TO_UINT (ticket))
        return call;
    }

  return NULL;
}

gpointer
walk_start_call (Walk     *self,
                 CallKind  kind)
{
  Call *call = g_new0 (Call, 1);

  call->id = ++self->n_calls;
  call->kind = kind;
  g_ptr_array_add (self->calls, call);

  return GUINT_TO_POINTER (call->id);
}

/* Returns: (nullable): the ticket of the call */
gpointer
walk_maybe_start_call (Walk     *self,
                       CallKind  kind)
{
  if (self->calls->len >= MAX_CALLS || dice_roll (self->dice, 2) == 0)
    return NULL;

  return walk_start_call (self, kind);
}

/* Removes a call that the machine has refused.
 *
 * @ticket: (nullable) */
void
walk_forget_call (Walk     *self,
                  gpointer  ticket)
{
  if (ticket != NULL)
    g_assert_true (g_ptr_array_remove (self->calls, find_call (self, ticket)));
}

/* Returns: (nullable) */
Call *
walk_pick_call (Walk *self)
{
  guint n = self->calls->len;

  return n == 0 ? NULL : g_ptr_array_index (self->calls, dice_roll (self->dice, n));
}

/* Must be called before the application makes a call that may cancel pending calls of @kind. */
void
walk_let_cancel (Walk     *self,
                 CallKind  kind)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      call->may_be_cancelled |= call->kind == kind;
    }
}

/* A flush completes only after all calls that sent messages before it. */
static void
assert_flushed (Walk       *self,
                const Call *flush)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      const Call *call = g_ptr_array_index (self->calls, i);

      g_assert_true (call->kind != CALL_SEND || call->id > flush->id);
    }
}

/* Each call must have exactly one outcome, which must be possible for it. */
void
walk_resolve (Walk           *self,
              const HbEffect *effect)
{
  Call *call = find_call (self, effect->resolve.ticket);

  g_assert_nonnull (call);

  switch (effect->resolve.outcome)
    {
    case HB_OUTCOME_DONE:
      g_assert_cmpint (call->kind, !=, CALL_RECEIVE);
      g_assert_true (call->kind != CALL_SEND || call->is_complete);
      if (call->kind == CALL_FLUSH)
        assert_flushed (self, call);
      break;
    case HB_OUTCOME_RECEIVED:
      g_assert_cmpint (call->kind, ==, CALL_RECEIVE);
      walk_deliver (self, effect->resolve.opcode, effect->resolve.bytes);
      g_atomic_int_add (&self->machine.inbox.n_returning, -1);
      break;
    case HB_OUTCOME_CANCELLED:
      g_assert_true (call->may_be_cancelled);
      g_assert_false (call->is_written);
      break;
    case HB_OUTCOME_FAILED:
      g_assert_nonnull (effect->resolve.error);
      g_assert_cmpint (call->kind, !=, CALL_CLOSE);
      g_assert_false (call->is_written);
      break;
    case HB_OUTCOME_NONE:
    default:
      g_assert_not_reached ();
    }

  g_ptr_array_remove (self->calls, call);
}

guint
walk_get_n_queued (Walk *self)
{
  const HbQueue *queue = &self->machine.outbox.queue;

  return queue->in_flight.length + hb_queue_get_n_waiting (queue, HB_LINE_WAITING);
}

/* Each message contains a number, so all messages differ. An ordinary message has no precedence
 * over the messages in the queue.
 *
 * @is_good: whether the bytes are valid UTF-8
 *
 * Returns: (transfer full) */
GBytes *
walk_make_bytes (Walk     *self,
                 gboolean  is_good,
                 gboolean  is_ordinary)
{
  char text[16];

  self->n_numbers++;
  g_snprintf (text, sizeof text, is_good ? "%c%u" : "%c%u\xff", is_ordinary ? 'o' : 'x',
              self->n_numbers);

  return g_bytes_new (text, strlen (text));
}

/* Records that the link has accepted a message. Ordinary messages must keep their order, and must
 * not be sent again once they count as sent. */
void
walk_take (Walk             *self,
           const HbOutgoing *message)
{
  char text[16] = { 0 };
  Taken taken = { .ticket = message->ticket, .delivery = message->delivery };

  memcpy (text, g_bytes_get_data (message->bytes, NULL), g_bytes_get_size (message->bytes));
  taken.number = atoi (text + 1);
  taken.is_ordinary = text[0] == 'o';

  g_assert_true (self->link.is_open);
  g_assert_false (self->link.has_sent_close);
  g_assert_true (message->is_this_link || self->machine.outbox.is_ready);
  if (message->ticket != NULL)
    g_assert_cmpint (find_call (self, message->ticket)->kind, ==, CALL_SEND);

  if (taken.is_ordinary)
    {
      g_assert_true (self->link.is_greeted || self->machine.state == HB_STATE_CLOSING);
      g_assert_cmpuint (taken.number, >, self->link.last_ordinary);
      g_assert_cmpuint (taken.number, >, self->highest[taken.delivery]);
      self->link.last_ordinary = taken.number;
    }

  g_array_append_val (self->taken, taken);
}

static void
complete (Walk        *self,
          const Taken *taken,
          gboolean     is_written)
{
  Call *call = find_call (self, taken->ticket);

  self->n_complete++;
  if (call != NULL)
    {
      call->is_complete = TRUE;
      call->is_written = is_written;
    }
  if (taken->is_ordinary)
    self->highest[taken->delivery] = taken->number;
}

/* Counts the messages that the kernel or the peer has now received. The machine ignores the events
 * of a link that it has left. */
void
walk_complete (Walk *self)
{
  Link *link = &self->link;

  if (!hb_machine_has_open_link (&self->machine) || link->serial != self->machine.serial)
    return;

  for (; link->n_written < link->written / 2; link->n_written++)
    {
      const Taken *taken = &g_array_index (self->taken, Taken, link->n_written);

      if (taken->delivery == HB_DELIVERY_WRITTEN || !link->can_acknowledge)
        complete (self, taken, TRUE);
    }

  for (; link->n_acknowledged < link->acknowledged / 2; link->n_acknowledged++)
    {
      const Taken *taken = &g_array_index (self->taken, Taken, link->n_acknowledged);

      if (taken->delivery == HB_DELIVERY_ACKNOWLEDGED && link->can_acknowledge)
        complete (self, taken, FALSE);
    }
}

void
walk_expect_message (Walk     *self,
                     HbOpcode  opcode,
                     GBytes   *bytes)
{
  Received received = { .bytes = g_bytes_ref (bytes), .opcode = opcode };

  g_array_append_val (self->received, received);
}

/* The application must receive each message only once, and all messages in the order in which the
 * link received them. Only messages that may vanish may be left out. */
void
walk_deliver (Walk     *self,
              HbOpcode  opcode,
              GBytes   *bytes)
{
  guint i = 0;

  while (i < self->received->len && g_array_index (self->received, Received, i).bytes != bytes)
    g_assert_true (g_array_index (self->received, Received, i++).may_vanish);

  g_assert_cmpuint (i, <, self->received->len);
  g_assert_cmpint (g_array_index (self->received, Received, i).opcode, ==, opcode);
  g_array_remove_range (self->received, 0, i + 1);
  self->n_delivered++;
}

void
walk_let_vanish (Walk *self)
{
  guint i;

  for (i = 0; i < self->received->len; i++)
    g_array_index (self->received, Received, i).may_vanish = TRUE;
}
