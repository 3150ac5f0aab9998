/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "server-flood.h"

/* Sends messages of one size, at least eight bytes, as fast as the client reads them. If their
 * count is limited, each begins with its number, from 0, as eight bytes in little-endian order, so
 * that a client can detect a lost message. */

/* The maximum number of bytes in a block, unless a single frame is longer */
#define BLOCK_MAX  (256 * 1024)

#define MAX_HEADER 10
#define FIN        0x80
#define TEXT       1
#define BINARY     2
#define FILLER     'x'

struct _ServerFlood
{
  guint8  *block;
  gsize    frame_size;
  gsize    header_size;
  gsize    n_frames;  /* in a full block */
  gsize    start;     /* the offset of the first byte that has not been written */
  gsize    end;       /* the offset after the last byte */
  guint64  next;      /* the number of the first message of the next block, for a limited count */
  guint64  count;     /* the number of messages, G_MAXUINT64 for no limit */
};

/* Writes a header without a mask. Returns its size, at most MAX_HEADER.
 *
 * @opcode: the first byte of the frame: opcode and FIN */
gsize
server_write_header (guint8  *buffer,
                     guint8   opcode,
                     guint64  length)
{
  guint n_bytes = length > G_MAXUINT16 ? 8 : 2;
  guint i;

  buffer[0] = opcode;
  if (length < 126)
    {
      buffer[1] = length;
      return 2;
    }

  buffer[1] = n_bytes == 8 ? 127 : 126;
  for (i = 0; i < n_bytes; i++)
    buffer[2 + i] = length >> (8 * (n_bytes - 1 - i));

  return 2 + n_bytes;
}

static void
write_number (guint8  *buffer,
              guint64  number)
{
  guint64 ordered = GUINT64_TO_LE (number);

  memcpy (buffer, &ordered, sizeof ordered);
}

static void
fill_block (ServerFlood *self)
{
  gsize n = MIN (self->n_frames, self->count - self->next);
  gsize i;

  for (i = 0; i < n && self->count != G_MAXUINT64; i++)
    write_number (self->block + i * self->frame_size + self->header_size, self->next++);

  self->start = 0;
  self->end = n * self->frame_size;
}

/* @size: the size of each message, in bytes
 * @count: 0 for no limit */
ServerFlood *
server_flood_new (gsize    size,
                  guint64  count,
                  gboolean is_text)
{
  ServerFlood *self = g_new0 (ServerFlood, 1);
  guint8 header[MAX_HEADER];
  gsize i;

  size = MAX (size, sizeof (guint64));
  self->count = count > 0 ? count : G_MAXUINT64;
  self->header_size = server_write_header (header, FIN | (is_text ? TEXT : BINARY), size);
  self->frame_size = self->header_size + size;
  self->n_frames = MAX (1, BLOCK_MAX / self->frame_size);
  self->block = g_malloc (self->n_frames * self->frame_size);
  memset (self->block, FILLER, self->n_frames * self->frame_size);

  for (i = 0; i < self->n_frames; i++)
    memcpy (self->block + i * self->frame_size, header, self->header_size);

  return self;
}

void
server_flood_free (ServerFlood *self)
{
  g_free (self->block);
  g_free (self);
}

gboolean
server_flood_is_over (ServerFlood *self)
{
  return self->start == self->end && self->next == self->count;
}

gssize
server_flood_write (ServerFlood           *self,
                    const ServerTransport *transport)
{
  gssize n;

  if (self->start == self->end)
    fill_block (self);

  n = server_transport_write (transport, self->block + self->start, self->end - self->start);
  if (n > 0)
    self->start += n;

  return n;
}
