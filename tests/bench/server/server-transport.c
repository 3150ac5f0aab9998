/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server-transport.h"

/* server_transport_read () and server_transport_write () return the number of bytes, 0 if they
 * would block or a signal has interrupted them, and -1 after an error or at the end of the
 * connection. */

/* A TLS record contains at most 16 KiB, so one read of this size from the socket can get several
 * records. */
#define READ_AHEAD (64 * 1024)

SSL_CTX *
server_tls_new (const char *certificate,
                const char *key)
{
  SSL_CTX *tls = SSL_CTX_new (TLS_server_method ());

  if (SSL_CTX_use_certificate_chain_file (tls, certificate) != 1
      || SSL_CTX_use_PrivateKey_file (tls, key, SSL_FILETYPE_PEM) != 1)
    {
      ERR_print_errors_fp (stderr);
      g_error ("Cannot load the certificate %s with the key %s", certificate, key);
    }

  SSL_CTX_set_mode (tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                         | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead (tls, 1);
  SSL_CTX_set_default_read_buffer_len (tls, READ_AHEAD);

  return tls;
}

void
server_transport_init (ServerTransport *self,
                       int              fd,
                       SSL_CTX         *tls)
{
  self->fd = fd;
  self->ssl = NULL;

  if (tls == NULL)
    return;

  self->ssl = SSL_new (tls);
  SSL_set_fd (self->ssl, fd);
  SSL_set_accept_state (self->ssl);
}

void
server_transport_clear (ServerTransport *self)
{
  g_clear_pointer (&self->ssl, SSL_free);
  close (self->fd);
}

static gssize
get_outcome (gssize n)
{
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;

  return n > 0 ? n : -1;
}

static gssize
get_tls_outcome (const ServerTransport *self,
                 gssize                 n)
{
  int error;

  if (n > 0)
    return n;

  error = SSL_get_error (self->ssl, n);
  ERR_clear_error ();

  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* SSL_read () returns at most one record, so after a single call, OpenSSL could hold bytes for
 * which epoll reports no event. */
static gssize
read_tls (const ServerTransport *self,
          guint8                *data,
          gsize                  length)
{
  gsize n_read = 0;
  gssize n = 0;

  while (n_read < length)
    {
      n = get_tls_outcome (self, SSL_read (self->ssl, data + n_read, length - n_read));
      if (n <= 0)
        break;

      n_read += n;
    }

  return n_read > 0 ? (gssize) n_read : n;
}

gssize
server_transport_read (const ServerTransport *self,
                       guint8                *data,
                       gsize                  length)
{
  if (self->ssl != NULL)
    return read_tls (self, data, length);

  return get_outcome (recv (self->fd, data, length, MSG_DONTWAIT));
}

gssize
server_transport_write (const ServerTransport *self,
                        const guint8          *data,
                        gsize                  length)
{
  if (self->ssl != NULL)
    return get_tls_outcome (self, SSL_write (self->ssl, data, length));

  return get_outcome (send (self->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* Makes a later close () of the socket reset the connection. */
void
server_transport_reset (const ServerTransport *self)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}
