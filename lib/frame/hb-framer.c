/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-framer-private.h"
#include "hb-mask-private.h"

/* Returns the size of all frames of a message, including their headers. */
guint64
hb_framer_get_size (gsize length,
                    gsize fragment_size)
{
  guint64 n_before, size;

  if (length <= fragment_size)
    return hb_frame_get_header_size (length) + (guint64) length;

  n_before = (length - 1) / fragment_size;
  size = n_before * hb_frame_get_header_size (fragment_size) + length;

  return size + hb_frame_get_header_size (length - n_before * fragment_size);
}

/* @opcode: the type of the message
 * @data: must stay valid until all of the message has been written
 * @fragment_size: at least 1 */
void
hb_framer_init (HbFramer     *self,
                guint         opcode,
                const guint8 *data,
                gsize         length,
                gsize         fragment_size)
{
  *self = (HbFramer) {
    .data = data,
    .rest = length,
    .fragment_size = fragment_size,
    .opcode = opcode,
  };
}

/* Begins the next frame. Returns the size of its header.
 *
 * @buffer: has room for HB_FRAME_MAX_HEADER bytes */
guint
hb_framer_write_header (HbFramer *self,
                        guint8   *buffer,
                        guint32   mask)
{
  guint first = self->opcode;

  g_assert (hb_framer_is_between_frames (self) && !hb_framer_is_done (self));

  self->left = MIN (self->rest, self->fragment_size);
  self->rest -= self->left;
  self->offset = 0;
  self->mask = mask;
  self->is_begun = TRUE;
  self->opcode = HB_FRAME_CONTINUATION;
  if (self->rest == 0)
    first |= HB_FRAME_FIN;

  return hb_frame_write_header (buffer, first, self->left, mask);
}

/* Writes as much of the current frame's payload as fits into @buffer. Returns how many bytes were
 * written.
 *
 * @room: the size of @buffer, in bytes */
gsize
hb_framer_write_payload (HbFramer *self,
                         guint8   *buffer,
                         gsize     room)
{
  gsize n = MIN (self->left, room);

  if (n == 0)
    return 0;

  hb_mask_copy (buffer, self->data, n, self->mask, self->offset);
  self->data += n;
  self->offset += n;
  self->left -= n;

  return n;
}
