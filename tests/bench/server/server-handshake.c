/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "server-connection.h"

/* RFC 6455, 4.2.2 */
#define KEY_SUFFIX  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define SHA1_LENGTH 20

static char *
make_accept (const char *key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[SHA1_LENGTH];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) KEY_SUFFIX, -1);
  g_checksum_get_digest (checksum, digest, &length);

  return g_base64_encode (digest, length);
}

static char *
find_header (const char *request,
             const char *name)
{
  g_autofree char *pattern = g_strdup_printf ("\r\n%s:[ \t]*([^\r\n]*)", name);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) found = NULL;

  return g_regex_match (regex, request, 0, &found)
         ? g_strstrip (g_match_info_fetch (found, 1))
         : NULL;
}

/* Returns the number that the query has for @name, or 0. */
static guint64
find_number (const char *target,
             const char *name)
{
  g_autofree char *pattern = g_strdup_printf ("%s=", name);
  const char *found = strstr (target, pattern);

  return found != NULL ? g_ascii_strtoull (found + strlen (pattern), NULL, 10) : 0;
}

static void
set_mode (ServerConnection *self,
          const char       *target)
{
  if (g_str_has_prefix (target, "/flood"))
    {
      self->mode = SERVER_FLOOD;
      self->flood = server_flood_new (find_number (target, "size"), find_number (target, "count"),
                                      find_number (target, "text") != 0);
    }
  else if (g_str_has_prefix (target, "/sink"))
    {
      self->mode = SERVER_SINK;
      self->ack = MAX (1, find_number (target, "ack"));
    }
  else if (g_str_has_prefix (target, "/reset"))
    {
      self->mode = SERVER_RESET;
    }
  else
    {
      self->mode = SERVER_ECHO;
    }
}

/* Refuses an invalid request with 400. Returns the length of the request, or 0 if it is
 * incomplete. */
gsize
server_handshake_answer (ServerConnection *self,
                         const guint8     *data,
                         gsize             length)
{
  const char *end = g_strstr_len ((const char *) data, length, "\r\n\r\n");
  g_autofree char *request = NULL;
  g_autofree char *key = NULL;
  g_autofree char *accept = NULL;
  g_autofree char *answer = NULL;
  char *target;
  gsize n_used;

  if (end == NULL)
    return 0;

  n_used = end + 4 - (const char *) data;
  request = g_strndup ((const char *) data, n_used);
  key = find_header (request, "Sec-WebSocket-Key");

  if (key == NULL || !g_str_has_prefix (request, "GET /"))
    {
      answer = g_strdup ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      self->leaving = TRUE;
    }
  else
    {
      accept = make_accept (key);
      answer = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
      target = request + strlen ("GET ");
      target[strcspn (target, " \r")] = '\0';
      set_mode (self, target);
    }

  server_buffer_append (self->out, answer, strlen (answer));

  return n_used;
}
