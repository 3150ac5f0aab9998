/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "hb-deque-private.h"

G_BEGIN_DECLS

/* A list of tickets, in the order in which they were added. A ticket is the GTask of a call that
 * waits. The list takes no references. Calls seldom wait, so an empty list holds no memory. A list
 * whose bytes are all zero is empty.
 *
 * The first ticket is removed in most cases. In an array, all others would be moved each time. */
typedef struct
{
  HbDeque *deque; /* (owned) (nullable) NULL if the list is empty */
} HbTickets;

void     hb_tickets_add       (HbTickets *self,
                               gpointer   ticket);
gboolean hb_tickets_remove    (HbTickets *self,
                               gpointer   ticket);
gpointer hb_tickets_pop       (HbTickets *self);
void     hb_tickets_clear     (HbTickets *self);
void     hb_tickets_unref_all (HbTickets *self);

static inline guint
hb_tickets_get_length (const HbTickets *self)
{
  return self->deque != NULL ? self->deque->length : 0;
}

static inline gpointer
hb_tickets_at (const HbTickets *self,
               guint            index)
{
  return *(gpointer *) hb_deque_at (self->deque, index);
}

G_END_DECLS
