/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-tickets-private.h"

void
hb_tickets_add (HbTickets *self,
                gpointer   ticket)
{
  if (self->deque == NULL)
    {
      self->deque = g_new (HbDeque, 1);
      hb_deque_init (self->deque, sizeof ticket);
    }

  *(gpointer *) hb_deque_push_tail (self->deque) = ticket;
}

static void
remove_at (HbTickets *self,
           guint      index)
{
  hb_deque_remove (self->deque, index);
  if (self->deque->length == 0)
    hb_tickets_clear (self);
}

gboolean
hb_tickets_remove (HbTickets *self,
                   gpointer   ticket)
{
  guint i;

  for (i = 0; i < hb_tickets_get_length (self); i++)
    {
      if (hb_tickets_at (self, i) != ticket)
        continue;

      remove_at (self, i);
      return TRUE;
    }

  return FALSE;
}

/* Returns: (nullable): the first ticket, which is removed */
gpointer
hb_tickets_pop (HbTickets *self)
{
  gpointer ticket;

  if (self->deque == NULL)
    return NULL;

  ticket = hb_tickets_at (self, 0);
  remove_at (self, 0);

  return ticket;
}

void
hb_tickets_clear (HbTickets *self)
{
  if (self->deque != NULL)
    hb_deque_clear (self->deque);

  g_clear_pointer (&self->deque, g_free);
}

/* Releases the caller's reference to each ticket. */
void
hb_tickets_unref_all (HbTickets *self)
{
  guint i;

  for (i = 0; i < hb_tickets_get_length (self); i++)
    g_object_unref (hb_tickets_at (self, i));

  hb_tickets_clear (self);
}
