/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "server-connection.h"

/* The answers to all frames of a read are written together. In the mode SERVER_ECHO, the payload of
 * a frame is echoed before the frame is complete. The answer to a message in fragments is a single
 * frame, held until the last fragment has arrived, so that all clients receive the same frames. */

#define READ_SIZE   (256 * 1024)

/* While more bytes than this wait to be written to a client, the server does not read from that
 * client. Otherwise the buffer of a client that does not read would grow without limit. */
#define BACKLOG_MAX (1024 * 1024)

/* The maximum number of reads without TLS, and of writes of a flood, for one client in an
 * iteration. Without these limits, one client could keep the others waiting. */
#define READS_PER_TURN  8
#define WRITES_PER_TURN 32

#define FIN          0x80
#define OPCODE       0x0f
#define IS_CONTROL   0x08
#define CONTINUATION 0x00
#define BINARY       0x02
#define CLOSE        0x08
#define PING         0x09
#define PONG         0x0a
#define MASKED       0x80

#define COUNT_SIZE      24
#define ANSWER_HEADER_MAX 10

/* Begins with room for the bytes of earlier reads that carry () has kept. */
static guint8 input[SERVER_MAX_CARRY + READ_SIZE];

ServerConnection *
server_connection_new (int      fd,
                       SSL_CTX *tls)
{
  ServerConnection *self = g_new0 (ServerConnection, 1);

  server_transport_init (&self->transport, fd, tls);
  self->is_tls = tls != NULL;

  return self;
}

void
server_connection_free (ServerConnection *self)
{
  server_transport_clear (&self->transport);
  g_clear_pointer (&self->out, server_buffer_give);
  g_clear_pointer (&self->flood, server_flood_free);
  g_free (self->carry);
  g_free (self);
}

static void
unmask (guint8       *out,
        const guint8 *in,
        gsize         length,
        const guint8 *mask,
        guint         mask_at)
{
  guint8 turned[8];
  guint64 wide;
  guint64 eight;
  gsize i;

  for (i = 0; i < 8; i++)
    turned[i] = mask[(mask_at + i) & 3];
  memcpy (&wide, turned, 8);

  for (i = 0; i + 8 <= length; i += 8)
    {
      memcpy (&eight, in + i, 8);
      eight ^= wide;
      memcpy (out + i, &eight, 8);
    }

  for (; i < length; i++)
    out[i] = in[i] ^ turned[i & 7];
}

/* While an answer is held, a control frame is not answered, because its answer would have to be
 * inserted before the held bytes. No benchmark waits for such an answer. */
static gboolean
is_echoed (ServerConnection *self)
{
  if ((self->opcode & IS_CONTROL) != 0)
    return !self->is_held;

  return self->mode == SERVER_ECHO;
}

/* Returns the number of bytes that may be written now. Held bytes do not count. */
static gsize
get_ready_length (ServerConnection *self)
{
  return self->is_held
         ? self->held_at - self->out->start
         : server_buffer_get_length (self->out);
}

/* Reserves space for the header of an answer whose length is not known yet. */
static void
hold (ServerConnection *self)
{
  self->is_held = TRUE;
  self->held_at = self->out->end;
  self->held_opcode = self->opcode & OPCODE;
  server_buffer_extend (self->out, ANSWER_HEADER_MAX);
}

static void
release (ServerConnection *self)
{
  guint8 header[SERVER_MAX_HEADER];
  guint8 *place = self->out->data + self->held_at;
  gsize length = self->out->end - self->held_at - ANSWER_HEADER_MAX;
  gsize header_length = server_write_header (header, FIN | self->held_opcode, length);

  if (header_length < ANSWER_HEADER_MAX)
    memmove (place + header_length, place + ANSWER_HEADER_MAX, length);
  memcpy (place, header, header_length);
  self->out->end -= ANSWER_HEADER_MAX - header_length;
  self->is_held = FALSE;
}

/* Of several fragments, only the first begins an answer. */
static void
begin_answer (ServerConnection *self)
{
  guint8 answer = (self->opcode & OPCODE) == PING ? FIN | PONG : self->opcode;
  guint8 header[SERVER_MAX_HEADER];

  if (!is_echoed (self) || (self->is_held && (self->opcode & OPCODE) == CONTINUATION))
    return;

  if ((self->opcode & FIN) == 0)
    hold (self);
  else
    server_buffer_append (self->out, header,
                          server_write_header (header, answer, self->frame_left));
}

/* Returns the length of the header, or 0 if it is incomplete. */
static gsize
parse_header (ServerConnection *self,
              const guint8     *data,
              gsize             length)
{
  guint n_bytes;
  gsize header;
  guint i;

  if (length < 2)
    return 0;

  n_bytes = (data[1] & 0x7f) == 127 ? 8 : (data[1] & 0x7f) == 126 ? 2 : 0;
  header = 2 + n_bytes + ((data[1] & MASKED) != 0 ? 4 : 0);
  if (length < header)
    return 0;

  self->opcode = data[0];
  self->frame_left = n_bytes > 0 ? 0 : data[1] & 0x7f;
  for (i = 0; i < n_bytes; i++)
    self->frame_left = self->frame_left << 8 | data[2 + i];

  memset (self->mask, 0, sizeof self->mask);
  if ((data[1] & MASKED) != 0)
    memcpy (self->mask, data + header - 4, 4);
  self->mask_at = 0;

  return header;
}

static void
take_payload (ServerConnection *self,
              const guint8     *data,
              gsize             length)
{
  if (is_echoed (self))
    unmask (server_buffer_extend (self->out, length), data, length, self->mask, self->mask_at);

  self->mask_at += length;
  self->frame_left -= length;
}

static void
send_count (ServerConnection *self)
{
  char count[COUNT_SIZE];
  guint8 header[SERVER_MAX_HEADER];
  int length = snprintf (count, sizeof count, "%" G_GUINT64_FORMAT, self->n_messages);

  server_buffer_append (self->out, header, server_write_header (header, FIN | BINARY, length));
  server_buffer_append (self->out, count, length);
}

/* Returns FALSE if the connection has to end at once. */
static gboolean
end_frame (ServerConnection *self)
{
  if ((self->opcode & OPCODE) == CLOSE)
    self->leaving = TRUE;

  if ((self->opcode & IS_CONTROL) != 0 || (self->opcode & FIN) == 0)
    return TRUE;

  if (self->is_held)
    release (self);

  if (self->mode == SERVER_SINK && ++self->n_messages % self->ack == 0)
    send_count (self);

  if (self->mode == SERVER_RESET)
    {
      server_transport_reset (&self->transport);
      return FALSE;
    }

  return TRUE;
}

/* Returns the number of parsed bytes, or -1 if the connection has to end. */
static gssize
take (ServerConnection *self,
      const guint8     *data,
      gsize             length)
{
  gsize at = 0;

  if (self->mode == SERVER_HANDSHAKE)
    {
      at = server_handshake_answer (self, data, length);
      if (at == 0)
        return 0;
    }

  while (!self->leaving)
    {
      gsize n = 0;

      if (self->frame_left == 0)
        {
          n = parse_header (self, data + at, length - at);
          if (n == 0)
            break;
          at += n;
          begin_answer (self);
        }

      n = MIN (self->frame_left, length - at);
      take_payload (self, data + at, n);
      at += n;

      if (self->frame_left > 0)
        break;
      if (!end_frame (self))
        return -1;
    }

  return at;
}

/* Keeps unparsed bytes until more arrive. Returns FALSE if they exceed SERVER_MAX_CARRY. */
static gboolean
carry (ServerConnection *self,
       const guint8     *data,
       gsize             length)
{
  if (length > SERVER_MAX_CARRY)
    return FALSE;

  self->n_carried = length;
  if (length == 0)
    {
      g_clear_pointer (&self->carry, g_free);
      return TRUE;
    }

  if (self->carry == NULL)
    self->carry = g_malloc (SERVER_MAX_CARRY);
  memmove (self->carry, data, length);

  return TRUE;
}

static gboolean
write_out (ServerConnection *self)
{
  gssize n = 1;

  while (get_ready_length (self) > 0 && n > 0)
    {
      n = server_transport_write (&self->transport, self->out->data + self->out->start,
                                  get_ready_length (self));
      if (n > 0)
        self->out->start += n;
    }

  if (server_buffer_get_length (self->out) == 0)
    g_clear_pointer (&self->out, server_buffer_give);

  return n >= 0;
}

static gboolean
write_flood (ServerConnection *self)
{
  gssize n = 1;
  guint i;

  for (i = 0; i < WRITES_PER_TURN && n > 0 && !server_flood_is_over (self->flood); i++)
    n = server_flood_write (self->flood, &self->transport);

  return n >= 0;
}

/* Returns the number of bytes read, 0 if none have arrived, or -1 if the connection has to end. */
static gssize
read_in (ServerConnection *self)
{
  guint8 *start = input + SERVER_MAX_CARRY - self->n_carried;
  gssize n_read = server_transport_read (&self->transport, input + SERVER_MAX_CARRY, READ_SIZE);
  gsize length = n_read + self->n_carried;
  gssize n_taken;

  if (n_read <= 0)
    return n_read;

  if (self->n_carried > 0)
    memcpy (start, self->carry, self->n_carried);
  if (self->out == NULL)
    self->out = server_buffer_take ();

  n_taken = take (self, start, length);
  if (n_taken < 0 || !carry (self, start + n_taken, self->leaving ? 0 : length - n_taken))
    return -1;

  return n_read;
}

static gboolean
is_backlogged (ServerConnection *self)
{
  return self->leaving || get_ready_length (self) > BACKLOG_MAX;
}

/* Returns FALSE if the connection has ended or has to end. The caller must then free it. */
gboolean
server_connection_on_ready (ServerConnection *self)
{
  gssize n_read;
  guint i;

  if (!write_out (self))
    return FALSE;

  /* OpenSSL may hold bytes for which epoll reports no event, so READS_PER_TURN does not apply to
   * TLS. */
  for (i = 0; (i < READS_PER_TURN || self->is_tls) && !is_backlogged (self); i++)
    {
      n_read = read_in (self);
      if (n_read < 0 || !write_out (self))
        return FALSE;

      /* After a short read, no bytes are left. */
      if (n_read < READ_SIZE)
        break;
    }

  if (self->flood != NULL && self->out == NULL && !self->leaving && !write_flood (self))
    return FALSE;

  return !self->leaving || get_ready_length (self) > 0;
}

guint32
server_connection_get_events (ServerConnection *self)
{
  guint32 events = is_backlogged (self) ? 0 : EPOLLIN;

  if (get_ready_length (self) > 0 || (self->flood != NULL && !server_flood_is_over (self->flood)))
    events |= EPOLLOUT;

  return events;
}
