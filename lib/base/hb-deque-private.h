/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A double-ended queue of elements of one size in one block of memory. A GQueue would allocate for
 * each message. A pointer to an element is valid until the deque changes. */
typedef struct
{
  guint8 *elements; /* (owned) (nullable) */
  gsize   element_size;
  guint   capacity; /* 0 or a power of two */
  guint   head;
  guint   length;
} HbDeque;

void     hb_deque_init      (HbDeque *self,
                             gsize    element_size);
void     hb_deque_clear     (HbDeque *self);
gpointer hb_deque_push_head (HbDeque *self);
gpointer hb_deque_push_tail (HbDeque *self);
gpointer hb_deque_peek      (HbDeque *self,
                             guint    index);
void     hb_deque_pop_head  (HbDeque *self);
void     hb_deque_pop_tail  (HbDeque *self);
void     hb_deque_remove    (HbDeque *self,
                             guint    index);

G_END_DECLS
