/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-block-reader-private.h"

/* @is_direct: whether all unread bytes are in the socket, except those that @base may hold before
 *   its first read */
void
hb_block_reader_init (HbBlockReader        *self,
                      GPollableInputStream *base,
                      gboolean              is_direct,
                      HbOutput             *output)
{
  *self = (HbBlockReader) {
    .base = g_object_ref (base),
    .output = g_object_ref (output),
    .is_direct = is_direct,
  };
}

void
hb_block_reader_clear (HbBlockReader *self)
{
  hb_block_clear (&self->block);
  g_clear_object (&self->base);
  g_clear_object (&self->output);
  g_clear_error (&self->error);
}

/* Returns whether a read may return bytes, the end or an error. */
gboolean
hb_block_reader_is_readable (const HbBlockReader *self)
{
  return self->error != NULL || !self->is_exhausted || hb_output_has_failed (self->output);
}

void
hb_block_reader_on_ready (HbBlockReader *self)
{
  self->is_exhausted = FALSE;
}

/* Reads until @buffer is full, or until the base has no more bytes for now, ends or fails. If this
 * returns 0, hb_block_reader_report_end () returns the reason. */
gsize
hb_block_reader_read (HbBlockReader *self,
                      guint8        *buffer,
                      gsize          size)
{
  gsize n_read = 0;

  /* After a failed write, a poll might not report the last bytes, so they are read without one. */
  if (hb_output_has_failed (self->output))
    self->is_exhausted = FALSE;

  while (n_read < size && self->error == NULL && !self->is_exhausted && !self->has_ended)
    {
      gssize n;

      n = g_pollable_input_stream_read_nonblocking (self->base, buffer + n_read, size - n_read,
                                                    NULL, &self->error);

      /* A poll might not report the end again, so is_exhausted stays FALSE. */
      self->has_ended = n == 0;
      if (self->has_ended)
        break;

      /* TLS returns one record at a time, and may hold more bytes that no poll can report. A direct
       * stream need not be read again after a read that has not filled the buffer, because a poll
       * reports the rest. */
      if (n < 0 || (self->is_direct && (gsize) n < size - n_read))
        self->is_exhausted = TRUE;

      n_read += MAX (n, 0);
    }

  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&self->error);

  return n_read;
}

/* Reads at most @max_bytes into the block, which must not be full. */
gsize
hb_block_reader_fill (HbBlockReader *self,
                      gsize          max_bytes)
{
  HbBlock *block = &self->block;
  gsize n_read;

  hb_block_compact (block);
  n_read = hb_block_reader_read (self, hb_block_reserve (block),
                                 MIN (max_bytes, hb_block_get_room (block)));
  if (n_read > 0)
    hb_block_append (block, n_read);
  else if (hb_block_get_length (block) == 0)
    hb_block_clear (block);

  return n_read;
}

/* Returns why no bytes were read: 0 at the end of the stream, or -1 with an error, which is
 * G_IO_ERROR_WOULD_BLOCK if more bytes may come later. */
gssize
hb_block_reader_report_end (HbBlockReader  *self,
                            GError        **error)
{
  if (self->error == NULL)
    self->error = hb_output_dup_error (self->output);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return -1;
    }

  if (!self->is_exhausted)
    return 0;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to read now");
  return -1;
}
