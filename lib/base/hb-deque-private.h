/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A double-ended queue of elements of equal size. A GQueue would allocate memory for each element.
 * A pointer to an element is valid until the deque changes. */
typedef struct
{
  guint8 *elements; /* (owned) (nullable) */
  guint   element_size;
  guint   capacity; /* 0 or a power of two */
  guint   head;
  guint   length;
} HbDeque;

/* A deque that becomes empty frees its memory if it has more than this number of bytes. Otherwise
 * it keeps the memory, so that the next element needs no allocation. */
#define HB_DEQUE_KEPT 4096

void     hb_deque_init      (HbDeque *self,
                             gsize    element_size);
void     hb_deque_clear     (HbDeque *self);
void     hb_deque_grow      (HbDeque *self);
gpointer hb_deque_push_head (HbDeque *self);
void     hb_deque_remove    (HbDeque *self,
                             guint    index);

/* The functions below are inline, because several deques are used for each message. */

static inline gpointer
hb_deque_at (const HbDeque *self,
             guint          index)
{
  return self->elements
         + (gsize) ((self->head + index) & (self->capacity - 1)) * self->element_size;
}

/* Returns: (nullable) */
static inline gpointer
hb_deque_peek (const HbDeque *self,
               guint          index)
{
  return index < self->length ? hb_deque_at (self, index) : NULL;
}

/* Returns the new element, which the caller fills in. */
static inline gpointer
hb_deque_push_tail (HbDeque *self)
{
  if (G_UNLIKELY (self->length == self->capacity))
    hb_deque_grow (self);

  self->length++;

  return hb_deque_at (self, self->length - 1);
}

static inline void
hb_deque_pop_tail (HbDeque *self)
{
  g_assert (self->length > 0);

  self->length--;
  if (G_UNLIKELY (self->length == 0
                  && (gsize) self->capacity * self->element_size > HB_DEQUE_KEPT))
    hb_deque_clear (self);
}

static inline void
hb_deque_pop_head (HbDeque *self)
{
  self->head = (self->head + 1) & (self->capacity - 1);
  hb_deque_pop_tail (self);
}

G_END_DECLS
