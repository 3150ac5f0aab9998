/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RFC 6455, 5.2, with the numbers that libsoup's SoupWebsocketDataType has too */
typedef enum {
  HB_OPCODE_TEXT = 1,
  HB_OPCODE_BINARY = 2,
  HB_OPCODE_PING = 9,
} HbOpcode;

/* A message on its way out */
typedef struct
{
  GBytes   *bytes;       /* (owned) */
  gpointer  ticket;      /* (nullable) who waits for it; given back with an effect */
  HbOpcode  opcode : 8;
  guint     is_volatile : 1;
  guint     is_greeting : 1; /* sent from a handler of `open`, and for this link so far */
  guint     number;      /* none is like another of the last 2^32 messages */
} HbOutgoing;

G_END_DECLS
