/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-private.h"

/* The maximum number of unused pieces of memory that a thread keeps for the blocks of all its
 * connections: one to read into, and one to write from */
#define N_SPARES 2

typedef struct
{
  guint8 *spares[N_SPARES];
  guint   length;
} Pool;

static void
free_pool (gpointer data)
{
  Pool *self = data;

  while (self->length > 0)
    g_free (self->spares[--self->length]);

  g_free (self);
}

static GPrivate private_pool = G_PRIVATE_INIT (free_pool);

G_STATIC_ASSERT (HB_BLOCK_SIZE % G_ALIGNOF (HbMaskKeys) == 0);

void
hb_block_take_memory (HbBlock *self)
{
  Pool *pool = g_private_get (&private_pool);

  if (pool != NULL && pool->length > 0)
    {
      self->data = pool->spares[--pool->length];
      return;
    }

  self->data = g_malloc (HB_BLOCK_SIZE + sizeof (HbMaskKeys));
  hb_block_get_mask_keys (self)->n_left = 0;
}

static void
give_memory (guint8 *data)
{
  Pool *pool = g_private_get (&private_pool);

  if (pool == NULL)
    {
      pool = g_new0 (Pool, 1);
      g_private_set (&private_pool, pool);
    }

  if (pool->length < N_SPARES)
    pool->spares[pool->length++] = data;
  else
    g_free (data);
}

void
hb_block_consume (HbBlock *self,
                  gsize    n_bytes)
{
  self->begin += n_bytes;

  if (self->begin == self->end)
    hb_block_clear (self);
}

void
hb_block_compact (HbBlock *self)
{
  gsize length = hb_block_get_length (self);

  if (self->begin == 0)
    return;

  memmove (self->data, self->data + self->begin, length);
  self->begin = 0;
  self->end = length;
}

void
hb_block_clear (HbBlock *self)
{
  if (self->data != NULL)
    give_memory (self->data);

  *self = (HbBlock) { 0 };
}
