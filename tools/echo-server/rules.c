/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rules.h"

#include <string.h>

#define POLICY_VIOLATION 1008
#define TOO_BIG          1009

static void
send_text (EchoClient *client,
           const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));

  echo_client_send (client, SOUP_WEBSOCKET_DATA_TEXT, message);
}

void
echo_rules_greet (EchoClient *client)
{
  if (client->settings->greeting != NULL)
    send_text (client, client->settings->greeting);
}

/* Handles a message from a client that has not logged in.
 *
 * Returns: FALSE, because not even the login is sent back */
static gboolean
allow_login (EchoClient *client,
             GBytes     *message)
{
  const EchoSettings *settings = client->settings;
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  if (size != strlen (settings->login) || (size > 0 && memcmp (data, settings->login, size) != 0))
    {
      echo_client_close (client, POLICY_VIOLATION);
      return FALSE;
    }

  client->has_logged_in = TRUE;
  if (settings->welcome != NULL && !client->is_mute)
    send_text (client, settings->welcome);

  return FALSE;
}

/* Closes the connection of a client that breaks a rule. Also answers the login.
 *
 * Returns: whether the caller must answer the message */
gboolean
echo_rules_allow (EchoClient *client,
                  GBytes     *message)
{
  const EchoSettings *settings = client->settings;
  gsize limit = settings->limit >= 0 ? settings->limit : ECHO_MAX_MESSAGE;

  /* Before 3.8, libsoup limits only frames, so a message in fragments can be longer. */
  if (g_bytes_get_size (message) > limit)
    {
      echo_client_close (client, TOO_BIG);
      return FALSE;
    }

  return settings->login == NULL || client->has_logged_in || allow_login (client, message);
}
