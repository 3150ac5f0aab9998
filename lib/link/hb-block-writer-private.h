/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "hb-acknowledgements-private.h"
#include "hb-block-private.h"
#include "hb-watch-private.h"

G_BEGIN_DECLS

/* Gathers bytes in a block, writes them, and counts those that the kernel has accepted. */
typedef struct
{
  HbAcknowledgements    *acknowledgements; /* (nullable) NULL while they are not read */
  GPollableOutputStream *base;
  HbWatch               *watch;
  GError                *error;            /* (nullable) of a failed write; is_blocked stays TRUE */
  HbBlock                block;            /* the gathered bytes */
  guint64                written;          /* how many bytes the kernel has accepted in total */
  gboolean               is_blocked;       /* The kernel accepts no more bytes for now. */
} HbBlockWriter;

void    hb_block_writer_init     (HbBlockWriter         *self,
                                  GPollableOutputStream *base,
                                  HbWatch               *watch);
void    hb_block_writer_clear    (HbBlockWriter         *self);
void    hb_block_writer_on_ready (HbBlockWriter         *self);
gsize   hb_block_writer_write    (HbBlockWriter         *self,
                                  const guint8          *data,
                                  gsize                  length);
void    hb_block_writer_gather   (HbBlockWriter         *self,
                                  const guint8          *data,
                                  gsize                  length);
void    hb_block_writer_flush    (HbBlockWriter         *self);

/* Returns the position after the last byte that was written or gathered. */
static inline guint64
hb_block_writer_get_end (const HbBlockWriter *self)
{
  return self->written + hb_block_get_length (&self->block);
}

G_END_DECLS
