/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The bytes to write to a client. Those before `start` have been written. */
typedef struct
{
  guint8 *data;
  gsize   start;
  gsize   end;
  gsize   size;  /* of the allocated memory */
} ServerBuffer;

ServerBuffer *server_buffer_take   (void);
void          server_buffer_give   (ServerBuffer  *self);
guint8       *server_buffer_extend (ServerBuffer  *self,
                                    gsize          length);
void          server_buffer_append (ServerBuffer  *self,
                                    gconstpointer  data,
                                    gsize          length);

static inline gsize
server_buffer_get_length (const ServerBuffer *self)
{
  return self == NULL ? 0 : self->end - self->start;
}

G_END_DECLS
