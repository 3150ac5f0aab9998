/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "hb-deque-private.h"

G_BEGIN_DECLS

/* The end of a block of bytes, as a position in the stream and as a position in TCP's count of
 * bytes. Over TLS, the difference between the two grows, because TLS adds bytes of its own. */
typedef struct
{
  guint64 position;
  guint64 tcp_end;
} HbAcknowledgementsBlock;

/* Finds out which bytes the peer's TCP has acknowledged. A position is the number of bytes that
 * were written before it to a stream over the socket. */
typedef struct
{
  GSocket  *socket;       /* (owned) */
  HbDeque   blocks;       /* the ends of unacknowledged blocks, if the stream is not direct */
  guint64   base;         /* the position in TCP's count at which a direct stream begins */
  guint64   tcp_acked;    /* the last reading, in TCP's count */
  guint64   acknowledged; /* the same, as a position; over TLS, the end of a block */
  guint     round_trip;   /* the smoothed round-trip time, in microseconds */
  gboolean  is_direct;    /* The bytes reach the socket unchanged, without TLS. */
} HbAcknowledgements;

gboolean            hb_acknowledgements_are_possible (GSocket            *socket,
                                                      guint              *round_trip);

HbAcknowledgements *hb_acknowledgements_new          (GSocket            *socket,
                                                      gboolean            is_direct,
                                                      guint64             written);
void                hb_acknowledgements_free         (HbAcknowledgements *self);
void                hb_acknowledgements_end_block    (HbAcknowledgements *self,
                                                      guint64             written);
guint64             hb_acknowledgements_read         (HbAcknowledgements *self,
                                                      guint64             written);

G_END_DECLS
