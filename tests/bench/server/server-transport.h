/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <openssl/ssl.h>

G_BEGIN_DECLS

/* A socket, or TLS over one */
typedef struct
{
  SSL *ssl; /* (owned) (nullable) NULL without TLS */
  int  fd;  /* (owned) */
} ServerTransport;

SSL_CTX *server_tls_new         (const char            *certificate,
                                 const char            *key);

void     server_transport_init  (ServerTransport       *self,
                                 int                    fd,
                                 SSL_CTX               *tls);
void     server_transport_clear (ServerTransport       *self);
gssize   server_transport_read  (const ServerTransport *self,
                                 guint8                *data,
                                 gsize                  length);
gssize   server_transport_write (const ServerTransport *self,
                                 const guint8          *data,
                                 gsize                  length);
void     server_transport_reset (const ServerTransport *self);

G_END_DECLS
