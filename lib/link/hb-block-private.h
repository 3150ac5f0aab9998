/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-mask-keys-private.h"

G_BEGIN_DECLS

/* The maximum number of bytes in a block. A message of 64 KiB fits with the header of its frame, so
 * one system call can write or read it. */
#define HB_BLOCK_SIZE ((gsize) 65 * 1024)

/* A range of bytes in a piece of memory that has room for HB_BLOCK_SIZE bytes. A block without
 * bytes holds no memory. */
typedef struct
{
  guint8 *data;  /* (nullable) */
  gsize   begin; /* of the bytes in data */
  gsize   end;
} HbBlock;

void hb_block_take_memory (HbBlock *self);
void hb_block_consume     (HbBlock *self,
                           gsize    n_bytes);
void hb_block_compact     (HbBlock *self);
void hb_block_clear       (HbBlock *self);

/* The block must hold memory. The masks are stored there, so that idle connections store none. */
static inline HbMaskKeys *
hb_block_get_mask_keys (HbBlock *self)
{
  return (HbMaskKeys *) (void *) (self->data + HB_BLOCK_SIZE);
}

static inline gsize
hb_block_get_length (const HbBlock *self)
{
  return self->end - self->begin;
}

static inline const guint8 *
hb_block_get_bytes (const HbBlock *self)
{
  return self->data + self->begin;
}

static inline gsize
hb_block_get_room (const HbBlock *self)
{
  return HB_BLOCK_SIZE - self->end;
}

/* Returns the memory for the bytes to append. If no bytes are appended to an empty block,
 * hb_block_clear () must follow. */
static inline guint8 *
hb_block_reserve (HbBlock *self)
{
  if (self->data == NULL)
    hb_block_take_memory (self);

  return self->data + self->end;
}

/* Adds bytes that were put into the reserved memory. */
static inline void
hb_block_append (HbBlock *self,
                 gsize    n_bytes)
{
  g_assert (n_bytes <= hb_block_get_room (self));

  self->end += n_bytes;
}

G_END_DECLS
