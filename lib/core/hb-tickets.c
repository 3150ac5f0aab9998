/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-tickets-private.h"

void
hb_tickets_add (HbTickets *self,
                gpointer   ticket)
{
  if (self->array == NULL)
    self->array = g_ptr_array_new ();

  g_ptr_array_add (self->array, ticket);
}

static void
clear_if_empty (HbTickets *self)
{
  if (self->array->len == 0)
    hb_tickets_clear (self);
}

gboolean
hb_tickets_remove (HbTickets *self,
                   gpointer   ticket)
{
  if (self->array == NULL || !g_ptr_array_remove (self->array, ticket))
    return FALSE;

  clear_if_empty (self);

  return TRUE;
}

/* Returns: (nullable): the first ticket, which is removed */
gpointer
hb_tickets_pop (HbTickets *self)
{
  gpointer ticket;

  if (self->array == NULL)
    return NULL;

  ticket = g_ptr_array_remove_index (self->array, 0);
  clear_if_empty (self);

  return ticket;
}

void
hb_tickets_clear (HbTickets *self)
{
  g_clear_pointer (&self->array, g_ptr_array_unref);
}

/* Releases the caller's reference to each ticket. */
void
hb_tickets_unref_all (HbTickets *self)
{
  if (self->array != NULL)
    g_ptr_array_set_free_func (self->array, g_object_unref);

  hb_tickets_clear (self);
}
