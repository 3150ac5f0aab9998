/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A header that announces a long payload must not cost a lot of memory before the payload is
 * received. The memory has room for at most this number of bytes of the payload at first, and later
 * for at most HB_PAYLOAD_GROWTH times the number of received bytes. */
#define HB_PAYLOAD_MIN_CAPACITY ((gsize) 65 * 1024)

/* Each time the memory is full, a read ends, and the memory may have to be copied. With this
 * factor, the memory of a payload of 1 MiB grows twice. With a factor of 2, it would grow four
 * times. */
#define HB_PAYLOAD_GROWTH 4

/* The payload of a long message that takes more than one read to receive */
typedef struct
{
  guint8 *data;     /* (nullable) NULL while no such message is being received */
  gsize   size;     /* of the whole payload */
  gsize   received;
  gsize   capacity; /* how many bytes of the payload fit into the memory */
} HbPayload;

void    hb_payload_begin   (HbPayload  *self,
                            gsize       size);
guint8 *hb_payload_reserve (HbPayload  *self,
                            gsize      *room);
gsize   hb_payload_append  (HbPayload  *self,
                            gsize       n_bytes);
GBytes *hb_payload_finish  (HbPayload  *self);
void    hb_payload_clear   (HbPayload  *self);

GBytes *hb_payload_copy    (const void *data,
                            gsize       size);

static inline gboolean
hb_payload_is_complete (const HbPayload *self)
{
  return self->received == self->size;
}

G_END_DECLS
