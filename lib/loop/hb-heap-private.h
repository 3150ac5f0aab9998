/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The membership of an object in one heap. An object in two heaps has two nodes. */
typedef struct
{
  gpointer data;     /* the object */
  gint64   key;
  guint    position; /* in the heap, counted from 1; 0 while the node is in no heap */
} HbHeapNode;

/* A binary heap of nodes, of which the first one has the least key */
typedef struct
{
  GPtrArray *nodes; /* (element-type HbHeapNode) (not owned) node n has children 2n and 2n + 1 */
} HbHeap;

void        hb_heap_init   (HbHeap       *self);
void        hb_heap_clear  (HbHeap       *self);
HbHeapNode *hb_heap_peek   (const HbHeap *self);
void        hb_heap_set    (HbHeap       *self,
                            HbHeapNode   *node,
                            gint64        key);
void        hb_heap_remove (HbHeap       *self,
                            HbHeapNode   *node);

G_END_DECLS
