/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#ifdef HAVE_TCP_BYTES_ACKED
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Even in glibc 2.41, struct tcp_info of <netinet/tcp.h> has no tcpi_bytes_acked. <linux/tcp.h> has
 * it, but defines the same names, so no file may include both headers. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#endif

#include "hb-acknowledgements-private.h"

/* Linux counts the bytes that the peer has acknowledged, as tcpi_bytes_acked. The count includes
 * the SYN, the TLS and HTTP handshakes, and the FIN once that is acknowledged. Therefore, the
 * position after the last byte in the kernel is read as the sum of the acknowledged and the
 * unacknowledged bytes. The count can be read until the socket is closed, even after the peer has
 * reset the connection. */

#ifdef HAVE_TCP_BYTES_ACKED

/* Also returns FALSE for Multipath TCP, which would report the count of one of its subflows. */
static gboolean
is_tcp (GSocket *socket)
{
  int protocol;

  return g_socket_get_option (socket, SOL_SOCKET, SO_PROTOCOL, &protocol, NULL)
         && protocol == IPPROTO_TCP;
}

/* An old kernel returns a shorter structure. A kernel that only imitates Linux, such as gVisor,
 * leaves the count at 0, and messages would then wait forever. On Linux, the count of an open
 * connection is never 0, because it includes the SYN. */
static gboolean
read_acked (HbAcknowledgements *self)
{
  struct tcp_info info;
  socklen_t length = sizeof info;
  int fd = g_socket_get_fd (self->socket);

  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0
      || length < offsetof (struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked
      || info.tcpi_bytes_acked == 0)
    return FALSE;

  self->tcp_acked = info.tcpi_bytes_acked;
  self->round_trip = info.tcpi_rtt;

  return TRUE;
}

/* Includes bytes that the kernel has not sent yet. Fails if a sandbox forbids the request. */
static gboolean
read_unacknowledged (HbAcknowledgements *self,
                     int                *n_bytes)
{
  return ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, n_bytes) == 0;
}

#else

static gboolean
is_tcp (GSocket *socket)
{
  return FALSE;
}

static gboolean
read_acked (HbAcknowledgements *self)
{
  return FALSE;
}

static gboolean
read_unacknowledged (HbAcknowledgements *self,
                     int                *n_bytes)
{
  return FALSE;
}

#endif

/* Reads the position after the last byte in the kernel, in TCP's count. An acknowledgement between
 * the two system calls would make the sum of their results wrong, so the two numbers are read in
 * turn until one of them has not changed while the other one was being read. */
static gboolean
read_end (HbAcknowledgements *self,
          guint64            *end)
{
  int n_unacknowledged;
  guint64 acked;
  int n;

  if (!read_unacknowledged (self, &n_unacknowledged))
    return FALSE;

  do
    {
      acked = self->tcp_acked;
      n = n_unacknowledged;

      if (!read_acked (self))
        return FALSE;

      /* If no byte is unacknowledged, neither number can change. */
      if (n == 0 || self->tcp_acked == acked)
        break;

      if (!read_unacknowledged (self, &n_unacknowledged))
        return FALSE;
    }
  while (n_unacknowledged != n);

  *end = self->tcp_acked + n_unacknowledged;

  return TRUE;
}

/* Must be called after the count has been read. */
static void
pop_acknowledged (HbAcknowledgements *self)
{
  const HbAcknowledgementsBlock *block;

  while ((block = hb_deque_peek (&self->blocks, 0)) != NULL && block->tcp_end <= self->tcp_acked)
    {
      self->acknowledged = block->position;
      hb_deque_pop_head (&self->blocks);
    }
}

static void
push_block (HbAcknowledgements *self,
            guint64             written,
            guint64             end)
{
  HbAcknowledgementsBlock *block = hb_deque_push_tail (&self->blocks);

  *block = (HbAcknowledgementsBlock) { written, end };
  pop_acknowledged (self);
}

/* @round_trip: (out): in microseconds, 0 if it is not known */
gboolean
hb_acknowledgements_are_possible (GSocket *socket,
                                  guint   *round_trip)
{
  HbAcknowledgements reading = { .socket = socket };
  guint64 end;
  gboolean is_possible = is_tcp (socket) && read_end (&reading, &end);

  *round_trip = reading.round_trip;

  return is_possible;
}

/* @written: the position in the stream; the kernel has accepted all bytes before it
 *
 * Returns: (nullable): NULL if the socket does not report acknowledgements */
HbAcknowledgements *
hb_acknowledgements_new (GSocket  *socket,
                         gboolean  is_direct,
                         guint64   written)
{
  HbAcknowledgements *self = g_new0 (HbAcknowledgements, 1);
  guint64 end;

  self->socket = g_object_ref (socket);
  self->is_direct = is_direct;
  hb_deque_init (&self->blocks, sizeof (HbAcknowledgementsBlock));

  if (!is_tcp (socket) || !read_end (self, &end))
    {
      hb_acknowledgements_free (self);
      return NULL;
    }

  if (is_direct)
    self->base = end - written;
  else
    push_block (self, written, end);

  return self;
}

/* Must be called before the socket is closed, because a later reading could come from a new socket
 * with the same file descriptor. */
void
hb_acknowledgements_free (HbAcknowledgements *self)
{
  hb_deque_clear (&self->blocks);
  g_object_unref (self->socket);
  g_free (self);
}

/* Must be called after each write, when the kernel has accepted all bytes before @written. Over
 * TLS, the peer can read a record only after all of it has arrived, so each write is a block. */
void
hb_acknowledgements_end_block (HbAcknowledgements *self,
                               guint64             written)
{
  guint64 end;

  if (!self->is_direct && read_end (self, &end))
    push_block (self, written, end);
}

/* Returns the position before which the peer's TCP has received all bytes, as far as is known.
 *
 * @written: as in hb_acknowledgements_end_block () */
guint64
hb_acknowledgements_read (HbAcknowledgements *self,
                          guint64             written)
{
  if (self->acknowledged == written || !read_acked (self))
    return self->acknowledged;

  if (!self->is_direct)
    pop_acknowledged (self);
  else if (self->tcp_acked > self->base)
    self->acknowledged = MIN (self->tcp_acked - self->base, written);

  return self->acknowledged;
}
