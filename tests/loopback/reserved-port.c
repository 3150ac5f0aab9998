/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "reserved-port.h"

/* The socket has SO_REUSEADDR and never listens. Linux does not choose its port when a program asks
 * for any free port, but other sockets with SO_REUSEADDR may listen on it.
 *
 * @port: (inout): 0 for a port that the system chooses
 *
 * Returns: (transfer full): the socket, which ends the reservation when it is closed */
GSocket *
reserved_port_new (const char *host,
                   guint16    *port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, *port);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;
  GSocket *self;

  self = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                       G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (self, address, TRUE, &error);
  g_assert_no_error (error);

  effective = g_socket_get_local_address (self, &error);
  g_assert_no_error (error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));

  return self;
}
