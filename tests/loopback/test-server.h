/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A SoupServer on 127.0.0.1, in the thread-default main context of the thread that makes it */
typedef struct _TestServer TestServer;

typedef enum {
  TEST_SERVER_ECHO,  /* sends every message back */
  TEST_SERVER_PONG,  /* like TEST_SERVER_ECHO, but answers "heartbeat" with "pong" */
  TEST_SERVER_MUTE,  /* answers the handshake, and then reads nothing, like a dead host */
  TEST_SERVER_QUIET, /* sends no messages; libsoup answers pings and close frames */
} TestServerMode;

TestServer              *test_server_new             (TestServerMode        mode);
TestServer              *test_server_new_tls         (TestServerMode        mode,
                                                      GTlsCertificate      *certificate);
void                     test_server_free            (TestServer           *self);

const char              *test_server_get_uri         (TestServer           *self);
void                     test_server_set_mode        (TestServer           *self,
                                                      TestServerMode        mode);
void                     test_server_set_protocols   (TestServer           *self,
                                                      const char * const   *protocols);
void                     test_server_reject          (TestServer           *self,
                                                      guint                 status,
                                                      const char           *retry_after);
void                     test_server_stop            (TestServer           *self);
void                     test_server_start           (TestServer           *self);

guint                    test_server_get_n_requests  (TestServer           *self);
guint                    test_server_get_n_opened    (TestServer           *self);
const char              *test_server_get_header      (TestServer           *self,
                                                      const char           *name);
SoupWebsocketConnection *test_server_get_connection  (TestServer           *self);
const char              *test_server_get_received    (TestServer           *self);
void                     test_server_clear_received  (TestServer           *self);
guint                    test_server_get_close_code  (TestServer           *self);
const char              *test_server_get_close_data  (TestServer           *self);
void                     test_server_drop            (TestServer           *self);

G_END_DECLS
