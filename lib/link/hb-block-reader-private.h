/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-private.h"
#include "hb-output-private.h"

G_BEGIN_DECLS

/* Reads from the socket, or from TLS over the socket, into a block or into the caller's memory. */
typedef struct
{
  GPollableInputStream *base;
  HbOutput             *output;       /* A failed write also ends the input. */
  GError               *error;        /* (nullable) reported once all bytes have been read */
  HbBlock               block;
  gboolean              is_direct;    /* see hb_block_reader_init () */
  gboolean              is_exhausted; /* The base had no more bytes at the last read, and has
                                       * not become ready since. */
  gboolean              has_ended;    /* The base has ended, and must not be read again, because TLS
                                       * might report an error. */
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
