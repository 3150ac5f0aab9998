/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "server-buffer.h"

/* A connection has a buffer only during a read and while bytes wait to be written, so an idle
 * connection uses no memory for one. Some unused buffers are kept for reuse. */
#define SIZE_MIN  (256 * 1024)
#define SIZE_KEPT (4 * 1024 * 1024)
#define SPARE_MAX 4

static ServerBuffer *spare[SPARE_MAX];
static guint n_spare;

ServerBuffer *
server_buffer_take (void)
{
  if (n_spare > 0)
    return spare[--n_spare];

  return g_new0 (ServerBuffer, 1);
}

void
server_buffer_give (ServerBuffer *self)
{
  if (self == NULL)
    return;

  self->start = 0;
  self->end = 0;

  if (n_spare < SPARE_MAX && self->size <= SIZE_KEPT)
    {
      spare[n_spare++] = self;
      return;
    }

  g_free (self->data);
  g_free (self);
}

/* Appends @length bytes for the caller to fill. The returned pointer is valid until more bytes are
 * appended. */
guint8 *
server_buffer_extend (ServerBuffer *self,
                      gsize         length)
{
  guint8 *place;

  if (self->end + length > self->size)
    {
      self->size = MAX (SIZE_MIN, MAX (self->size * 2, self->end + length));
      self->data = g_realloc (self->data, self->size);
    }

  place = self->data + self->end;
  self->end += length;

  return place;
}

void
server_buffer_append (ServerBuffer  *self,
                      gconstpointer  data,
                      gsize          length)
{
  memcpy (server_buffer_extend (self, length), data, length);
}
