/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The FIN bit, and the opcodes except that of a continuation: RFC 6455, 5.2 and 11.8 */
#define RAW_FIN    0x80
#define RAW_TEXT   0x1
#define RAW_BINARY 0x2
#define RAW_CLOSE  0x8
#define RAW_PING   0x9
#define RAW_PONG   0xa

/* A frame that a client has sent */
typedef struct
{
  guint8  *payload; /* (not owned) unmasked, within the parsed data */
  gsize    length;  /* of the payload */
  gsize    size;    /* of the frame */
  guint32  mask;
  guint8   first;
} RawFrame;

void        raw_frame_append      (GByteArray   *bytes,
                                   guint8        first,
                                   const void   *payload,
                                   gsize         length);
gboolean    raw_frame_parse       (RawFrame     *self,
                                   guint8       *data,
                                   gsize         available);
char       *raw_frame_to_word     (guint8        opcode,
                                   const guint8 *payload,
                                   gsize         length);
GByteArray *raw_frame_from_hex    (const char   *hex);
char       *raw_frame_make_accept (const char   *request);

G_END_DECLS
