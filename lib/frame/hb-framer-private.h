/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A message that is written as masked frames, piece by piece. The header of a frame is never
 * divided. */
typedef struct
{
  const guint8 *data;          /* (not owned) the unwritten part of the payload */
  gsize         rest;          /* bytes of the payload that are in no frame yet */
  gsize         fragment_size; /* the maximum number of bytes of the payload in a frame */
  gsize         left;          /* unwritten bytes of the current frame's payload */
  gsize         offset;        /* written bytes of the current frame's payload */
  guint32       mask;          /* of the current frame */
  guint8        opcode;        /* of the next frame */
  gboolean      is_begun;      /* The first header has been written. */
} HbFramer;

guint64  hb_framer_get_size      (gsize         length,
                                  gsize         fragment_size);
void     hb_framer_init          (HbFramer     *self,
                                  guint         opcode,
                                  const guint8 *data,
                                  gsize         length,
                                  gsize         fragment_size);
guint    hb_framer_write_header  (HbFramer     *self,
                                  guint8       *buffer,
                                  guint32       mask);
gsize    hb_framer_write_payload (HbFramer     *self,
                                  guint8       *buffer,
                                  gsize         room);

/* Returns whether the next byte belongs to a header, or no bytes are left. */
static inline gboolean
hb_framer_is_between_frames (const HbFramer *self)
{
  return self->left == 0;
}

static inline gboolean
hb_framer_is_done (const HbFramer *self)
{
  return self->is_begun && self->rest == 0 && self->left == 0;
}

G_END_DECLS
