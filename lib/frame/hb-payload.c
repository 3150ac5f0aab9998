/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-frame-private.h"
#include "hb-payload-private.h"

/* Room for the next header, which is read together with the end of the payload. Later, a NUL is
 * written there, because applications pass text to functions that expect a NUL at its end. */
#define ROOM_BEHIND HB_FRAME_MAX_HEADER

static void
set_capacity (HbPayload *self,
              gsize      capacity)
{
  self->capacity = MIN (capacity, self->size);
  self->data = g_realloc (self->data, self->capacity + ROOM_BEHIND);
}

void
hb_payload_begin (HbPayload *self,
                  gsize      size)
{
  *self = (HbPayload) { .size = size };
  set_capacity (self, HB_PAYLOAD_MIN_CAPACITY);
}

/* Returns the memory for the next bytes of a payload that is not complete. May move the bytes
 * before them.
 *
 * @room: (out): the size of the returned memory, in bytes, including ROOM_BEHIND once the whole
 *   payload fits */
guint8 *
hb_payload_reserve (HbPayload *self,
                    gsize     *room)
{
  if (self->received == self->capacity)
    set_capacity (self, self->capacity > self->size / HB_PAYLOAD_GROWTH
                        ? self->size : HB_PAYLOAD_GROWTH * self->capacity);

  *room = self->capacity - self->received;
  if (self->capacity == self->size)
    *room += ROOM_BEHIND;

  return self->data + self->received;
}

/* Adds bytes that were put into the reserved memory. Returns how many follow the payload. These
 * stay at data + size until hb_payload_finish (). */
gsize
hb_payload_append (HbPayload *self,
                   gsize      n_bytes)
{
  gsize n_payload = MIN (n_bytes, self->size - self->received);

  self->received += n_payload;

  return n_bytes - n_payload;
}

/* Returns: (transfer full): the complete payload, followed by a NUL */
GBytes *
hb_payload_finish (HbPayload *self)
{
  guint8 *data = g_steal_pointer (&self->data);

  g_assert (hb_payload_is_complete (self));

  data[self->size] = '\0';

  return g_bytes_new_take (data, self->size);
}

void
hb_payload_clear (HbPayload *self)
{
  g_clear_pointer (&self->data, g_free);
}

/* Returns: (transfer full): the payload, followed by a NUL */
GBytes *
hb_payload_copy (const void *data,
                 gsize       size)
{
  guint8 *copy = g_malloc (size + 1);

  memcpy (copy, data, size);
  copy[size] = '\0';

  return g_bytes_new_take (copy, size);
}
