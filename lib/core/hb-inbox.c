/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-inbox-private.h"

typedef struct
{
  GBytes   *bytes; /* (owned) */
  HbOpcode  opcode;
} HbIncoming;

/* In the state OPEN, the socket is not read while the waiting messages take at least this number of
 * bytes. */
#define MAX_AMOUNT (1024 * 1024)

/* The approximate memory, in bytes, that a message takes in addition to its payload. If only the
 * payload counted, a server could fill the memory with empty messages. */
#define OVERHEAD 128

/* When waiting messages have been emitted for this time, in microseconds, other sources have their
 * turn. HbBudget allows the same time for reading the socket. */
#define MAX_BUSY 4000

static gsize
get_cost (GBytes *bytes)
{
  return g_bytes_get_size (bytes) + OVERHEAD;
}

/* Takes ownership of @bytes. */
static void
append (HbInbox  *self,
        HbOpcode  opcode,
        GBytes   *bytes)
{
  *(HbIncoming *) hb_deque_push_tail (&self->messages) = (HbIncoming) { bytes, opcode };
  self->amount += get_cost (bytes);
}

/* The caller owns the bytes of the message. */
static HbIncoming
pop (HbInbox *self)
{
  HbIncoming message = *(HbIncoming *) hb_deque_peek (&self->messages, 0);

  hb_deque_pop_head (&self->messages);
  self->amount -= get_cost (message.bytes);

  return message;
}

void
hb_inbox_init (HbInbox   *self,
               HbEffects *effects)
{
  *self = (HbInbox) { .effects = effects, .given_since = HB_NEVER };
  hb_deque_init (&self->messages, sizeof (HbIncoming));
}

void
hb_inbox_clear (HbInbox *self)
{
  hb_inbox_drop (self);
  hb_deque_clear (&self->messages);
  hb_tickets_clear (&self->receives);
  g_clear_error (&self->reason);
}

gboolean
hb_inbox_is_full (const HbInbox *self)
{
  return self->amount >= MAX_AMOUNT;
}

/* Moves the messages of pending effects into the inbox. The order is kept, because a message gets
 * an effect only while the inbox is empty. */
void
hb_inbox_take_back (HbInbox *self)
{
  guint i = 0;

  while (i < self->effects->length)
    {
      HbEffect *effect = hb_deque_peek (self->effects, i);

      if (effect->kind != HB_EFFECT_MESSAGE)
        {
          i++;
          continue;
        }

      append (self, effect->message.opcode, effect->message.bytes);
      hb_deque_remove (self->effects, i);
    }
}

/* Takes ownership of @bytes. The callback of the call is called later, and `n_returning` is
 * decremented just before that. Until then, no message is emitted, because the application would
 * see that message first. */
static void
return_message (HbInbox  *self,
                gpointer  ticket,
                HbOpcode  opcode,
                GBytes   *bytes)
{
  g_atomic_int_inc (&self->n_returning);
  hb_effects_push_received (self->effects, ticket, opcode, bytes);
}

void
hb_inbox_push (HbInbox  *self,
               HbOpcode  opcode,
               GBytes   *bytes)
{
  gpointer ticket = hb_tickets_pop (&self->receives);

  if (self->is_giving)
    hb_inbox_take_back (self);

  if (ticket != NULL)
    return_message (self, ticket, opcode, g_bytes_ref (bytes));
  else
    append (self, opcode, g_bytes_ref (bytes));
}

void
hb_inbox_set_paused (HbInbox  *self,
                     gboolean  is_paused)
{
  if (self->is_paused == is_paused)
    return;

  self->is_paused = is_paused;
  self->given_since = HB_NEVER;
  if (is_paused)
    hb_inbox_take_back (self);
}

/* Makes @effect emit the first message that waits. Returns FALSE if no message may be emitted now.
 * Otherwise hb_inbox_on_given () must follow the emission. */
gboolean
hb_inbox_give (HbInbox  *self,
               HbEffect *effect)
{
  HbIncoming message;

  if (!hb_inbox_can_give (self))
    return FALSE;

  message = pop (self);
  hb_inbox_begin_giving (self);
  *effect = (HbEffect) {
    .kind = HB_EFFECT_MESSAGE,
    .message.bytes = message.bytes,
    .message.opcode = message.opcode,
  };

  return TRUE;
}

/* Call this when the message handlers have returned.
 *
 * @may_yield: FALSE if the task is CLOSED, because it then leaves its main context, in which other
 *   sources could have their turn */
void
hb_inbox_on_given (HbInbox  *self,
                   gint64    now,
                   gboolean  may_yield)
{
  self->is_giving = FALSE;

  if (self->messages.length == 0 || !may_yield)
    {
      self->given_since = HB_NEVER;
      return;
    }

  if (self->given_since == HB_NEVER)
    self->given_since = now;

  if (now - self->given_since < MAX_BUSY || self->is_yielding)
    return;

  self->is_yielding = TRUE;
  hb_effects_push (self->effects, HB_EFFECT_YIELD);
}

void
hb_inbox_on_yielded (HbInbox *self)
{
  self->is_yielding = FALSE;
  self->given_since = HB_NEVER;
}

/* Also drops the messages of pending effects. */
void
hb_inbox_drop (HbInbox *self)
{
  hb_inbox_take_back (self);
  while (self->messages.length > 0)
    g_bytes_unref (pop (self).bytes);
}

void
hb_inbox_receive (HbInbox  *self,
                  gpointer  ticket)
{
  HbIncoming message;

  if (self->messages.length == 0)
    {
      hb_tickets_add (&self->receives, ticket);
      return;
    }

  message = pop (self);
  return_message (self, ticket, message.opcode, message.bytes);
}

/* Takes back the message of a call whose callback has not been called. If another call had a
 * message, that message would be a later one, and the application would receive it first, so call
 * this only if no other call has a message. */
void
hb_inbox_put_back (HbInbox  *self,
                   HbOpcode  opcode,
                   GBytes   *bytes)
{
  HbIncoming message = { g_bytes_ref (bytes), opcode };
  gpointer ticket = hb_tickets_pop (&self->receives);

  if (ticket != NULL)
    {
      return_message (self, ticket, message.opcode, message.bytes);
      return;
    }

  *(HbIncoming *) hb_deque_push_head (&self->messages) = message;
  self->amount += get_cost (bytes);
}

/* Cancels the call of @ticket. Returns FALSE if the call does not wait for a message. */
gboolean
hb_inbox_withdraw (HbInbox  *self,
                   gpointer  ticket)
{
  if (!hb_tickets_remove (&self->receives, ticket))
    return FALSE;

  hb_effects_push_resolve (self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);

  return TRUE;
}

/* Fails the calls that wait, and keeps a copy of @error for later ones. Waiting messages remain. */
void
hb_inbox_close (HbInbox      *self,
                const GError *error)
{
  g_clear_error (&self->reason);
  self->reason = g_error_copy (error);
  hb_inbox_on_yielded (self);
  hb_effects_resolve_all (self->effects, &self->receives, HB_OUTCOME_FAILED, error);
}
