/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-deque-private.h"

/* An empty deque keeps its memory, so that a message that passes through allocates nothing. It
 * frees memory for more than CAPACITY_KEPT elements, which only a backlog needs. */
#define CAPACITY_MIN  8
#define CAPACITY_KEPT 64

static gpointer
at (HbDeque *self,
    guint    index)
{
  return self->elements + ((self->head + index) & (self->capacity - 1)) * self->element_size;
}

static void
grow (HbDeque *self)
{
  guint capacity = MAX (self->capacity * 2, CAPACITY_MIN);
  guint8 *elements = g_malloc_n (capacity, self->element_size);
  guint i;

  for (i = 0; i < self->length; i++)
    memcpy (elements + i * self->element_size, at (self, i), self->element_size);

  g_free (self->elements);
  self->elements = elements;
  self->capacity = capacity;
  self->head = 0;
}

static void
shrink_when_empty (HbDeque *self)
{
  if (self->length == 0 && self->capacity > CAPACITY_KEPT)
    hb_deque_clear (self);
}

void
hb_deque_init (HbDeque *self,
               gsize    element_size)
{
  *self = (HbDeque) { .element_size = element_size };
}

void
hb_deque_clear (HbDeque *self)
{
  g_free (self->elements);
  hb_deque_init (self, self->element_size);
}

/* Returns the new element, which the caller fills. */
gpointer
hb_deque_push_head (HbDeque *self)
{
  if (self->length == self->capacity)
    grow (self);

  self->head = (self->head - 1) & (self->capacity - 1);
  self->length++;

  return at (self, 0);
}

/* Returns the new element, which the caller fills. */
gpointer
hb_deque_push_tail (HbDeque *self)
{
  if (self->length == self->capacity)
    grow (self);

  self->length++;

  return at (self, self->length - 1);
}

gpointer
hb_deque_peek (HbDeque *self,
               guint    index)
{
  return index < self->length ? at (self, index) : NULL;
}

void
hb_deque_pop_head (HbDeque *self)
{
  g_assert (self->length > 0);

  self->head = (self->head + 1) & (self->capacity - 1);
  self->length--;
  shrink_when_empty (self);
}

void
hb_deque_pop_tail (HbDeque *self)
{
  g_assert (self->length > 0);

  self->length--;
  shrink_when_empty (self);
}

/* Moves the elements on the shorter side. */
void
hb_deque_remove (HbDeque *self,
                 guint    index)
{
  g_assert (index < self->length);

  if (index < self->length / 2)
    {
      for (; index > 0; index--)
        memcpy (at (self, index), at (self, index - 1), self->element_size);

      hb_deque_pop_head (self);
    }
  else
    {
      for (; index + 1 < self->length; index++)
        memcpy (at (self, index), at (self, index + 1), self->element_size);

      hb_deque_pop_tail (self);
    }
}
