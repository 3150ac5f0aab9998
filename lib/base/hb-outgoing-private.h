/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-enums.h"

G_BEGIN_DECLS

/* The opcodes of messages and pings (RFC 6455, 5.2). For messages, SoupWebsocketDataType has the
 * same numbers. */
typedef enum {
  HB_OPCODE_TEXT = 1,
  HB_OPCODE_BINARY = 2,
  HB_OPCODE_PING = 9,
} HbOpcode;

/* The position of a message that the link has not accepted */
#define HB_UNSENT G_MAXUINT64

typedef struct
{
  GBytes   *bytes;       /* (owned) (nullable) NULL for a flush in an HbBatch */
  gpointer  ticket;      /* (nullable) of the call that waits; HB_EFFECT_RESOLVE returns it */
  HbOpcode  opcode : 8;
  guint     delivery : 1;     /* HbDelivery */
  guint     is_volatile : 1;
  guint     is_this_link : 1; /* dropped when the link ends */
  guint     is_greeting : 1;  /* sent by an `open` handler of this link, or for this link only */
  guint     is_foreign : 1;   /* sent by a thread other than the task's */
  guint     is_reserved : 1;  /* its size already counts towards max-buffered-amount */
  guint     is_returned : 1;  /* moved to HB_LINE_WAITING, because a link was lost */
  guint     is_ahead : 1;     /* An older message may follow it in HB_LINE_WAITING. */
  guint     was_written : 1;  /* An earlier link has written all of it, so it may arrive twice. */
  guint     is_withdrawn : 1; /* taken back or cancelled before it was acknowledged */
  guint     is_refused : 1;   /* to be dropped, because the peer refuses it */
  guint     n_ends : 2;       /* how many links the peer has ended in the middle of it */
  guint     n_resets : 4;     /* resets of links while it was the first unacknowledged message */
  gint64    accepted_at; /* HB_NEVER if queue-timeout has been 0 since it was accepted */
  guint64   begin;       /* in flight: where its first frame begins in the link, or HB_UNSENT */
  guint64   end;         /* in flight: where its last frame ends, or HB_UNSENT */
} HbOutgoing;

G_END_DECLS
