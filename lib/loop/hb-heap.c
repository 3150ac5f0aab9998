/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-heap-private.h"

void
hb_heap_init (HbHeap *self)
{
  self->nodes = g_ptr_array_new ();
  g_ptr_array_add (self->nodes, NULL);
}

void
hb_heap_clear (HbHeap *self)
{
  g_assert (self->nodes->len == 1);

  g_clear_pointer (&self->nodes, g_ptr_array_unref);
}

static HbHeapNode *
get_node (const HbHeap *self,
          guint         position)
{
  return g_ptr_array_index (self->nodes, position);
}

static void
place (HbHeap     *self,
       HbHeapNode *node,
       guint       position)
{
  g_ptr_array_index (self->nodes, position) = node;
  node->position = position;
}

/* Puts @node at @position, which is free, and moves it up until its parent is not greater. */
static void
move_up (HbHeap     *self,
         HbHeapNode *node,
         guint       position)
{
  while (position > 1 && node->key < get_node (self, position / 2)->key)
    {
      place (self, get_node (self, position / 2), position);
      position /= 2;
    }

  place (self, node, position);
}

/* Puts @node at @position, which is free, and moves it down until no child is less. */
static void
move_down (HbHeap     *self,
           HbHeapNode *node,
           guint       position)
{
  guint child;

  while ((child = 2 * position) < self->nodes->len)
    {
      if (child + 1 < self->nodes->len
          && get_node (self, child + 1)->key < get_node (self, child)->key)
        child++;

      if (get_node (self, child)->key >= node->key)
        break;

      place (self, get_node (self, child), position);
      position = child;
    }

  place (self, node, position);
}

static void
settle (HbHeap     *self,
        HbHeapNode *node,
        guint       position)
{
  if (position > 1 && node->key < get_node (self, position / 2)->key)
    move_up (self, node, position);
  else
    move_down (self, node, position);
}

/* Returns: (nullable): the node with the least key */
HbHeapNode *
hb_heap_peek (const HbHeap *self)
{
  return self->nodes->len > 1 ? get_node (self, 1) : NULL;
}

/* Adds the node, or moves it if it is in the heap already. */
void
hb_heap_set (HbHeap     *self,
             HbHeapNode *node,
             gint64      key)
{
  node->key = key;

  if (node->position == 0)
    {
      node->position = self->nodes->len;
      g_ptr_array_add (self->nodes, node);
    }

  settle (self, node, node->position);
}

/* Does nothing if the node is not in the heap. */
void
hb_heap_remove (HbHeap     *self,
                HbHeapNode *node)
{
  HbHeapNode *last = get_node (self, self->nodes->len - 1);
  guint position = node->position;

  if (position == 0)
    return;

  g_ptr_array_set_size (self->nodes, self->nodes->len - 1);
  node->position = 0;

  if (last != node)
    settle (self, last, position);
}
