/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-private.h"
#include "hb-output-private.h"

G_BEGIN_DECLS

/* Reads blocks from the socket, or from TLS over the socket. */
typedef struct
{
  GPollableInputStream *base;
  HbOutput             *output;       /* A failed write also ends the input. */
  GError               *error;        /* (nullable) reported after the bytes before it are read */
  HbBlock               block;
  gboolean              is_direct;    /* The base is the socket's own stream. */
  gboolean              is_exhausted; /* The base had no more bytes at the last read. */
  gboolean              has_ended;    /* TLS would report an error if it were read again. */
} HbBlockReader;

void     hb_block_reader_init        (HbBlockReader        *self,
                                      GPollableInputStream *base,
                                      gboolean              is_direct,
                                      HbOutput             *output);
void     hb_block_reader_clear       (HbBlockReader        *self);
gboolean hb_block_reader_is_readable (const HbBlockReader  *self);
void     hb_block_reader_on_ready    (HbBlockReader        *self);
gsize    hb_block_reader_read        (HbBlockReader        *self,
                                      guint8               *buffer,
                                      gsize                 size);
gsize    hb_block_reader_fill        (HbBlockReader        *self,
                                      gsize                 max_bytes);
gssize   hb_block_reader_report_end  (HbBlockReader        *self,
                                      GError              **error);

G_END_DECLS
