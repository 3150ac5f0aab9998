/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-frame-private.h"

#define MASKED   0x80
#define LENGTH   0x7f
#define LENGTH16 126 /* The length follows in two bytes. */
#define LENGTH64 127 /* The length follows in eight bytes. */

#define MASK_SIZE 4

/* Returns the size of the header, or 0 if @data is too short for it. Two bytes are enough for
 * `first` and `is_masked`. */
guint
hb_frame_parse (HbFrame      *self,
                const guint8 *data,
                gsize         length)
{
  guint16 length16;
  guint64 length64;
  guint size = 2;

  if (length < size)
    return 0;

  self->first = data[0];
  self->is_masked = (data[1] & MASKED) != 0;
  self->length = data[1] & LENGTH;
  self->is_minimal = TRUE;

  if (self->length == LENGTH16)
    size += sizeof length16;
  else if (self->length == LENGTH64)
    size += sizeof length64;

  if (length < size)
    return 0;

  if (self->length == LENGTH16)
    {
      memcpy (&length16, data + 2, sizeof length16);
      self->length = GUINT16_FROM_BE (length16);
      self->is_minimal = self->length >= LENGTH16;
    }
  else if (self->length == LENGTH64)
    {
      memcpy (&length64, data + 2, sizeof length64);
      self->length = GUINT64_FROM_BE (length64);
      self->is_minimal = self->length > G_MAXUINT16;
    }

  if (self->is_masked)
    size += MASK_SIZE;

  if (length < size)
    return 0;

  self->header_size = size;

  return size;
}

/* Returns the size of the header of a masked frame with a payload of @length bytes. */
guint
hb_frame_get_header_size (guint64 length)
{
  if (length < LENGTH16)
    return 2 + MASK_SIZE;

  return length <= G_MAXUINT16 ? 2 + 2 + MASK_SIZE : 2 + 8 + MASK_SIZE;
}

/* Writes the header of a masked frame. Returns its size.
 *
 * @buffer: has room for HB_FRAME_MAX_HEADER bytes
 * @length: of the payload, in bytes
 * @mask: the four bytes of the mask in the order in which they are sent */
guint
hb_frame_write_header (guint8  *buffer,
                       guint    first,
                       guint64  length,
                       guint32  mask)
{
  guint16 length16 = GUINT16_TO_BE (length);
  guint64 length64 = GUINT64_TO_BE (length);
  guint size = 2;

  buffer[0] = first;

  if (length < LENGTH16)
    {
      buffer[1] = MASKED | length;
    }
  else if (length <= G_MAXUINT16)
    {
      buffer[1] = MASKED | LENGTH16;
      memcpy (buffer + size, &length16, sizeof length16);
      size += sizeof length16;
    }
  else
    {
      buffer[1] = MASKED | LENGTH64;
      memcpy (buffer + size, &length64, sizeof length64);
      size += sizeof length64;
    }

  memcpy (buffer + size, &mask, MASK_SIZE);

  return size + MASK_SIZE;
}
