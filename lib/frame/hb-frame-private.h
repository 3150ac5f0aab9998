/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The parts of the first byte of a frame (RFC 6455, 5.2) */
#define HB_FRAME_FIN      0x80
#define HB_FRAME_RESERVED 0x70
#define HB_FRAME_OPCODE   0x0f

/* The opcodes that HbOpcode does not have. Only control frames have the bit HB_FRAME_CONTROL. */
#define HB_FRAME_CONTINUATION 0x00
#define HB_FRAME_CONTROL      0x08
#define HB_FRAME_CLOSE        0x08
#define HB_FRAME_PONG         0x0a

/* The longest payload of a control frame, in bytes (RFC 6455, 5.5) */
#define HB_FRAME_MAX_CONTROL 125

/* The longest header, in bytes, including the mask */
#define HB_FRAME_MAX_HEADER 14

/* The header of a received frame */
typedef struct
{
  guint64  length;      /* of the payload, in bytes */
  guint8   first;       /* the first byte */
  guint8   header_size; /* in bytes, including the mask */
  gboolean is_masked;
  gboolean is_minimal;  /* The length takes as few bytes as possible, as required. */
} HbFrame;

guint hb_frame_parse           (HbFrame      *self,
                                const guint8 *data,
                                gsize         length);
guint hb_frame_get_header_size (guint64       length);
guint hb_frame_write_header    (guint8       *buffer,
                                guint         first,
                                guint64       length,
                                guint32       mask);

G_END_DECLS
