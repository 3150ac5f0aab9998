/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-deque-private.h"

#define CAPACITY_MIN 2

void
hb_deque_init (HbDeque *self,
               gsize    element_size)
{
  *self = (HbDeque) { .element_size = element_size };
}

/* Frees the memory, but nothing that the elements own. The deque can be used again. */
void
hb_deque_clear (HbDeque *self)
{
  g_free (self->elements);
  hb_deque_init (self, self->element_size);
}

void
hb_deque_grow (HbDeque *self)
{
  guint capacity = MAX (self->capacity * 2, CAPACITY_MIN);
  guint8 *elements = g_malloc_n (capacity, self->element_size);
  guint n_first = MIN (self->length, self->capacity - self->head);
  gsize first_size = (gsize) n_first * self->element_size;

  /* The elements may wrap around at the end of the memory. */
  if (self->length > 0)
    {
      memcpy (elements, hb_deque_at (self, 0), first_size);
      memcpy (elements + first_size, self->elements,
              (gsize) (self->length - n_first) * self->element_size);
    }

  g_free (self->elements);
  self->elements = elements;
  self->capacity = capacity;
  self->head = 0;
}

/* Returns the new element, which the caller fills in. */
gpointer
hb_deque_push_head (HbDeque *self)
{
  if (self->length == self->capacity)
    hb_deque_grow (self);

  self->head = (self->head - 1) & (self->capacity - 1);
  self->length++;

  return hb_deque_at (self, 0);
}

/* Closes the gap from the side that has fewer elements. */
void
hb_deque_remove (HbDeque *self,
                 guint    index)
{
  g_assert (index < self->length);

  if (index < self->length / 2)
    {
      for (; index > 0; index--)
        memcpy (hb_deque_at (self, index), hb_deque_at (self, index - 1), self->element_size);

      hb_deque_pop_head (self);
    }
  else
    {
      for (; index + 1 < self->length; index++)
        memcpy (hb_deque_at (self, index), hb_deque_at (self, index + 1), self->element_size);

      hb_deque_pop_tail (self);
    }
}
