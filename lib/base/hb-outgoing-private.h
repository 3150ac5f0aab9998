/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-enums.h"

G_BEGIN_DECLS

/* The opcodes of RFC 6455, 5.2. For messages, SoupWebsocketDataType has the same numbers. */
typedef enum {
  HB_OPCODE_TEXT = 1,
  HB_OPCODE_BINARY = 2,
  HB_OPCODE_PING = 9,
} HbOpcode;

/* The position of a frame that is not in the link */
#define HB_UNSENT G_MAXUINT64

/* A message to send */
typedef struct
{
  GBytes   *bytes;       /* (owned) */
  gpointer  ticket;      /* (nullable) the caller that waits for it; an effect returns it */
  HbOpcode  opcode : 8;
  guint     delivery : 1;     /* HbDelivery */
  guint     is_volatile : 1;
  guint     is_this_link : 1; /* dropped when the link ends */
  guint     is_greeting : 1;  /* of a kind that each link sends first, for this link so far */
  guint     is_foreign : 1;   /* sent by another thread than the task's */
  guint     is_reserved : 1;  /* its size is already in the amount that the limit applies to */
  guint     is_returned : 1;  /* It has waited already when a link was lost. */
  guint     was_written : 1;  /* An earlier link had written all of it, so it may arrive twice. */
  guint     is_withdrawn : 1; /* The application has taken it back while it was unacknowledged. */
  guint     is_refused : 1;   /* to be dropped, because the peer has ended the link at it */
  guint     n_ends : 2;       /* how many times the peer has ended the link in the middle of it */
  guint     n_resets : 4;     /* how many times a reset has come before its acknowledgement */
  gint64    accepted_at; /* HB_NEVER while the age of messages does not matter */
  guint64   begin;       /* the position of its frame in the current link, or HB_UNSENT */
  guint64   end;
} HbOutgoing;

G_END_DECLS
