/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-block-private.h"

/* The blocks that a thread keeps for all of its connections: one to read into and one to write
 * from. A connection holds a block only while bytes are in it, so thousands of idle ones hold
 * none. */
#define N_SPARES 2

typedef struct
{
  guint8 *blocks[N_SPARES];
  guint   length;
} Spares;

static void
free_spares (gpointer data)
{
  Spares *self = data;

  while (self->length > 0)
    g_free (self->blocks[--self->length]);

  g_free (self);
}

static GPrivate private_spares = G_PRIVATE_INIT (free_spares);

guint8 *
hb_block_take (void)
{
  Spares *spares = g_private_get (&private_spares);

  if (spares == NULL || spares->length == 0)
    return g_malloc (HB_BLOCK_SIZE);

  return spares->blocks[--spares->length];
}

void
hb_block_give (guint8 *block)
{
  Spares *spares = g_private_get (&private_spares);

  if (spares == NULL)
    {
      spares = g_new0 (Spares, 1);
      g_private_set (&private_spares, spares);
    }

  if (spares->length < N_SPARES)
    spares->blocks[spares->length++] = block;
  else
    g_free (block);
}
