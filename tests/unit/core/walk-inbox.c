/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "walk-private.h"

/* Received messages that wait, and the calls that wait for messages: the model, and the machine's
 * inputs. */

/* So much may wait before the socket is no longer read, with what each message takes. */
#define FULL     (1024 * 1024)
#define OVERHEAD 128

static gboolean
is_waiting (Walk *walk)
{
  return !g_queue_is_empty (&walk->model.inbox);
}

static GBytes *
pop (Walk *walk)
{
  GBytes *bytes = g_queue_pop_head (&walk->model.inbox);

  walk->model.inbox_amount -= g_bytes_get_size (bytes) + OVERHEAD;

  return bytes;
}

static void
push (Walk   *walk,
      GBytes *bytes)
{
  g_queue_push_tail (&walk->model.inbox, g_bytes_ref (bytes));
  walk->model.inbox_amount += g_bytes_get_size (bytes) + OVERHEAD;
}

/* While too much waits the link stands still, and its silence means nothing. */
void
model_follow_inbox (Walk *walk)
{
  Model *self = &walk->model;
  gboolean stands_still = self->state == HB_STATE_OPEN && self->inbox_amount >= FULL;

  if (self->stands_still && !stands_still && self->state == HB_STATE_OPEN)
    {
      self->life_at = walk->now;
      self->is_awaiting = FALSE;
      self->is_unclear = self->asked_at != HB_NEVER;
      self->requested_at = walk->now;
    }

  self->stands_still = stands_still;
}

void
model_drop_inbox (Walk *walk)
{
  while (is_waiting (walk))
    g_bytes_unref (pop (walk));
}

/* A message for the application: for the call that was made first */
void
model_deliver (Walk   *walk,
               GBytes *bytes)
{
  Model *self = &walk->model;

  if (ledger_give (&walk->ledger, bytes))
    return;

  if (self->is_paused || self->is_giving || is_waiting (walk))
    {
      push (walk, bytes);
      model_follow_inbox (walk);
      return;
    }

  model_owe (walk, &(Owed) { .kind = HB_EFFECT_MESSAGE, .bytes = g_bytes_ref (bytes) });
}

/* What was to be emitted waits. */
static void
take_back (Walk *walk)
{
  GList *link = walk->model.owed.head;

  while (link != NULL)
    {
      GList *next = link->next;
      Owed *owed = link->data;

      if (owed->kind == HB_EFFECT_MESSAGE)
        {
          push (walk, owed->bytes);
          model_free_owed (owed);
          g_queue_delete_link (&walk->model.owed, link);
        }

      link = next;
    }
}

static void
set_paused (Walk     *walk,
            gboolean  is_paused)
{
  walk->model.is_paused = is_paused;
  if (is_paused)
    take_back (walk);
}

void
walk_set_paused (Walk     *self,
                 gboolean  is_paused)
{
  self->machine.settings.paused = is_paused;
  self->mirror.is_paused = is_paused;
  set_paused (self, is_paused);
}

void
walk_receive (Walk *self)
{
  gpointer ticket;

  if (self->ledger.calls->len >= MAX_CALLS)
    return;

  ticket = ledger_start_call (&self->ledger, CALL_RECEIVE);
  hb_machine_receive (&self->machine, self->now, ticket);

  if (!self->model.disposed)
    set_paused (self, TRUE);

  if (is_waiting (self))
    {
      g_autoptr (GBytes) bytes = pop (self);

      g_assert_true (ledger_give (&self->ledger, bytes));
    }
  else if (self->model.state == HB_STATE_CLOSED)
    {
      ledger_expect_call (&self->ledger, ticket, HB_OUTCOME_FAILED, self->ledger.reason);
    }

  model_follow_inbox (self);
}

/* The message that has waited longest comes, when nothing else is owed and the application wants
 * it. */
void
walk_settle_waited (Walk           *self,
                    const HbEffect *effect)
{
  g_autoptr (GBytes) bytes = NULL;

  g_assert_true (g_queue_is_empty (&self->model.owed));
  g_assert_false (self->model.is_paused || self->model.is_giving || self->is_yielding);
  g_assert_true (is_waiting (self));

  bytes = pop (self);
  g_assert_true (effect->message.bytes == bytes);
  self->model.is_giving = TRUE;
  walk_call_back (self);
  if (dice_one_in (self->dice, 4))
    self->now += 3 * G_TIME_SPAN_MILLISECOND;
  self->model.is_giving = FALSE;
  hb_machine_on_given (&self->machine, self->now);
  model_follow_inbox (self);
}

/* A closed task has no main context in which others could have their turn. */
void
walk_yield (Walk *self)
{
  self->is_yielding = self->model.state != HB_STATE_CLOSED;
}

void
walk_on_yielded (Walk *self)
{
  if (!self->is_yielding)
    return;

  self->is_yielding = FALSE;
  hb_machine_on_yielded (&self->machine);
}

void
walk_assert_inbox (Walk *self)
{
  g_assert_true (self->mirror.is_paused == self->model.is_paused || self->model.disposed);
  g_assert_true (hb_machine_may_read (&self->machine) == !self->model.stands_still);
  g_assert_cmpuint (self->machine.inbox.messages.length, ==, self->model.inbox.length);

  if (self->link.exists)
    g_assert_true (self->link.is_reading == !self->model.stands_still);
  if (!self->model.is_paused && !self->is_yielding)
    g_assert_false (is_waiting (self));
}
