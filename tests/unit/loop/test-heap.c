/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "hb-heap-private.h"

#define N_NODES 200
#define N_STEPS 20000

/* So small that nodes often have the same key */
#define N_KEYS 100

typedef struct
{
  HbHeap     heap;
  HbHeapNode nodes[N_NODES];
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  guint i;

  hb_heap_init (&fixture->heap);
  for (i = 0; i < N_NODES; i++)
    fixture->nodes[i] = (HbHeapNode) { .data = GUINT_TO_POINTER (i) };
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  guint i;

  for (i = 0; i < N_NODES; i++)
    hb_heap_remove (&fixture->heap, &fixture->nodes[i]);

  g_assert_null (hb_heap_peek (&fixture->heap));
  hb_heap_clear (&fixture->heap);
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  gboolean is_in[N_NODES] = { FALSE };
  gint64 keys[N_NODES];
  guint i, j;

  g_test_summary ("After each of many random steps, the node with the lowest key is first");

  for (i = 0; i < N_STEPS; i++)
    {
      guint n = g_test_rand_int_range (0, N_NODES);
      const HbHeapNode *first;
      gint64 least = G_MAXINT64;

      is_in[n] = g_test_rand_int_range (0, 3) > 0;
      keys[n] = g_test_rand_int_range (0, N_KEYS);
      if (is_in[n])
        hb_heap_set (&fixture->heap, &fixture->nodes[n], keys[n]);
      else
        hb_heap_remove (&fixture->heap, &fixture->nodes[n]);

      for (j = 0; j < N_NODES; j++)
        if (is_in[j])
          least = MIN (least, keys[j]);

      first = hb_heap_peek (&fixture->heap);
      g_assert_cmpint (first != NULL ? first->key : G_MAXINT64, ==, least);
      g_assert_true (first == NULL || is_in[GPOINTER_TO_UINT (first->data)]);
    }
}

static int
compare_keys (gconstpointer a,
              gconstpointer b)
{
  const gint64 *left = a, *right = b;

  return (*left > *right) - (*left < *right);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 keys[N_NODES];
  guint i;

  g_test_summary ("Nodes leave a heap in the order of their keys, and each leaves once");

  for (i = 0; i < N_NODES; i++)
    {
      keys[i] = g_test_rand_int_range (0, N_KEYS);
      hb_heap_set (&fixture->heap, &fixture->nodes[i], keys[i]);
    }

  qsort (keys, N_NODES, sizeof *keys, compare_keys);

  for (i = 0; i < N_NODES; i++)
    {
      HbHeapNode *first = hb_heap_peek (&fixture->heap);

      g_assert_cmpint (first->key, ==, keys[i]);
      hb_heap_remove (&fixture->heap, first);
      g_assert_cmpuint (first->position, ==, 0);
    }

  g_assert_null (hb_heap_peek (&fixture->heap));
}

static void
test_limits (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("The smallest and the largest integer are valid keys");

  hb_heap_set (&fixture->heap, &fixture->nodes[0], G_MAXINT64);
  hb_heap_set (&fixture->heap, &fixture->nodes[1], 0);
  hb_heap_set (&fixture->heap, &fixture->nodes[2], G_MININT64);
  g_assert_true (hb_heap_peek (&fixture->heap) == &fixture->nodes[2]);
  hb_heap_set (&fixture->heap, &fixture->nodes[2], G_MAXINT64);
  g_assert_true (hb_heap_peek (&fixture->heap) == &fixture->nodes[1]);
  hb_heap_remove (&fixture->heap, &fixture->nodes[1]);
  hb_heap_remove (&fixture->heap, &fixture->nodes[1]);
  g_assert_cmpint (hb_heap_peek (&fixture->heap)->key, ==, G_MAXINT64);
}

#define add(path, function) \
  g_test_add ("/loop/heap/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("random", test_random);
  add ("order", test_order);
  add ("limits", test_limits);

  return g_test_run ();
}
