/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-writer-private.h"

void
hb_block_writer_init (HbBlockWriter         *self,
                      GPollableOutputStream *base,
                      HbWatch               *watch)
{
  *self = (HbBlockWriter) {
    .base = g_object_ref (base),
    .watch = hb_watch_ref (watch),
  };
}

void
hb_block_writer_clear (HbBlockWriter *self)
{
  g_clear_pointer (&self->acknowledgements, hb_acknowledgements_free);
  hb_block_clear (&self->block);
  g_clear_object (&self->base);
  g_clear_pointer (&self->watch, hb_watch_unref);
  g_clear_error (&self->error);
}

static void
set_blocked (HbBlockWriter *self,
             gboolean       is_blocked)
{
  self->is_blocked = is_blocked;
  hb_watch_want (self->watch, G_IO_OUT, is_blocked);
}

void
hb_block_writer_on_ready (HbBlockWriter *self)
{
  set_blocked (self, FALSE);
}

/* Returns how many bytes the kernel has accepted, even if writing the rest failed with an error. If
 * these bytes were not counted, their message could be sent again on another connection, and arrive
 * twice. */
gsize
hb_block_writer_write (HbBlockWriter *self,
                       const guint8  *data,
                       gsize          length)
{
  gsize n_written = 0;

  while (n_written < length && !self->is_blocked && self->error == NULL)
    {
      gssize n;

      n = g_pollable_output_stream_write_nonblocking (self->base, data + n_written,
                                                      length - n_written, NULL, &self->error);
      n_written += MAX (n, 0);
      if (n > 0 && self->acknowledgements != NULL)
        hb_acknowledgements_end_block (self->acknowledgements, self->written + n_written);

      if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_clear_error (&self->error);
          set_blocked (self, TRUE);
        }
    }

  /* The reader reports the error, because an error here would end the connection at once, and
   * received messages that are still unread would be lost. */
  if (self->error != NULL)
    {
      self->is_blocked = TRUE;
      hb_watch_wake (self->watch);
    }

  self->written += n_written;

  return n_written;
}

/* Keeps bytes until the next flush, which happens in the next iteration of the loop at the latest.
 * The block must have room for them. */
void
hb_block_writer_gather (HbBlockWriter *self,
                        const guint8  *data,
                        gsize          length)
{
  memcpy (hb_block_reserve (&self->block), data, length);
  hb_block_append (&self->block, length);
  hb_watch_wake (self->watch);
}

/* After a failed write, drops the bytes that are left, because they can never be written. */
void
hb_block_writer_flush (HbBlockWriter *self)
{
  gsize length = hb_block_get_length (&self->block);

  if (length == 0)
    return;

  hb_block_consume (&self->block,
                    hb_block_writer_write (self, hb_block_get_bytes (&self->block), length));

  if (self->error != NULL)
    hb_block_clear (&self->block);
}
