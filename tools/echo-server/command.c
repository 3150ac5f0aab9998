/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "command.h"

#include <string.h>

/* The commands, except “next” and “status”, which control.c runs. Each run_ function reads the
 * other members of its command {"command": NAME, …}. If a command fails, the reply contains the
 * message of the error. */

#define MAX_DELAY       60000 /* in milliseconds */
#define MAX_RETRY_AFTER 3600  /* in seconds */
#define MAX_COUNT       10000 /* messages of one broadcast to each client */

typedef gboolean (*CommandFunc) (EchoServer  *server,
                                 JsonObject  *command,
                                 GError     **error);

typedef void (*ClientFunc) (EchoClient *client,
                            gint64      value);

static void fail (GError     **error,
                  const char  *format,
                  ...) G_GNUC_PRINTF (2, 3);

static void
fail (GError     **error,
      const char  *format,
      ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                                format, args));
  va_end (args);
}

/* @text: (transfer full) */
static void
note (EchoServer *server,
      char       *text)
{
  echo_log_take (&server->log, ECHO_LOG_EVENT, 0, text);
}

/* Returns: (transfer none) (nullable): NULL if the member is missing or not a value of @type */
static JsonNode *
get_value (JsonObject *command,
           const char *name,
           GType       type)
{
  JsonNode *node = json_object_get_member (command, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != type)
    return NULL;

  return node;
}

static gboolean
get_number (JsonObject  *command,
            const char  *name,
            gint64       lowest,
            gint64       highest,
            gint64      *value,
            GError     **error)
{
  JsonNode *node = get_value (command, name, G_TYPE_INT64);

  if (node != NULL)
    *value = json_node_get_int (node);

  if (node != NULL && *value >= lowest && *value <= highest)
    return TRUE;

  fail (error, "“%s” has to be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
        name, lowest, highest);
  return FALSE;
}

static gboolean
get_boolean (JsonObject  *command,
             const char  *name,
             gboolean    *value,
             GError     **error)
{
  JsonNode *node = get_value (command, name, G_TYPE_BOOLEAN);

  if (node == NULL)
    {
      fail (error, "“%s” has to be true or false", name);
      return FALSE;
    }

  *value = json_node_get_boolean (node);

  return TRUE;
}

static gboolean
get_optional_number (JsonObject  *command,
                     const char  *name,
                     gint64       lowest,
                     gint64       highest,
                     gint64       fallback,
                     gint64      *value,
                     GError     **error)
{
  *value = fallback;

  return !json_object_has_member (command, name)
         || get_number (command, name, lowest, highest, value, error);
}

/* A JSON string can contain an escaped half of a surrogate pair, which is not valid UTF-8.
 *
 * Returns: (transfer full) (nullable): NULL after an error */
static GBytes *
get_text (JsonObject  *command,
          const char  *name,
          GError     **error)
{
  JsonNode *node = get_value (command, name, G_TYPE_STRING);
  const char *text = node != NULL ? json_node_get_string (node) : NULL;

  if (text != NULL && g_utf8_validate (text, -1, NULL))
    return g_bytes_new (text, strlen (text));

  fail (error, "“%s” has to be a string", name);
  return NULL;
}

/* @text: (out) (transfer full) (nullable): NULL if the member is null or missing */
static gboolean
get_optional_text (JsonObject  *command,
                   const char  *name,
                   char       **text,
                   GError     **error)
{
  g_autoptr (GBytes) bytes = NULL;

  *text = NULL;
  if (!json_object_has_member (command, name) || json_object_get_null_member (command, name))
    return TRUE;

  bytes = get_text (command, name, error);
  if (bytes == NULL)
    return FALSE;

  *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return TRUE;
}

static EchoClient *
get_client (EchoServer  *server,
            JsonObject  *command,
            GError     **error)
{
  EchoClient *client;
  gint64 number;

  if (!get_number (command, "client", 1, G_MAXUINT, &number, error))
    return NULL;

  client = echo_server_find (server, number);
  if (client == NULL)
    {
      fail (error, "Client %u is not connected", (guint) number);
      return NULL;
    }

  if (!echo_client_is_open (client))
    {
      fail (error, "Client %u is disconnecting", client->number);
      return NULL;
    }

  return client;
}

static gboolean
for_all (EchoServer  *server,
         ClientFunc   func,
         gint64       value,
         GError     **error)
{
  guint n_open = 0;
  guint i;

  /* @func may remove the client from the array, so the loop starts with the last client. */
  for (i = server->clients->len; i > 0; i--)
    {
      EchoClient *client = g_ptr_array_index (server->clients, i - 1);

      if (!echo_client_is_open (client))
        continue;

      n_open++;
      func (client, value);
    }

  if (n_open == 0)
    fail (error, "No client is connected");

  return n_open > 0;
}

/* Calls @func for the client that the command names, or for all open clients. */
static gboolean
for_clients (EchoServer  *server,
             JsonObject  *command,
             ClientFunc   func,
             gint64       value,
             GError     **error)
{
  EchoClient *client;

  if (!json_object_has_member (command, "client"))
    return for_all (server, func, value, error);

  client = get_client (server, command, error);
  if (client == NULL)
    return FALSE;

  func (client, value);

  return TRUE;
}

static void
drop (EchoClient *client,
      gint64      unused)
{
  echo_client_abort (client);
}

static gboolean
run_drop (EchoServer  *server,
          JsonObject  *command,
          GError     **error)
{
  return for_clients (server, command, drop, 0, error);
}

/* RFC 6455 reserves 1010 for clients. The caller has checked that the code is from 1000 to 4999. */
static gboolean
is_close_code (gint64 code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1009)
         || (code >= 1011 && code <= 1014) || code >= 3000;
}

static void
close_with (EchoClient *client,
            gint64      code)
{
  echo_client_close (client, code);
}

static gboolean
run_close (EchoServer  *server,
           JsonObject  *command,
           GError     **error)
{
  gint64 code;

  if (!get_number (command, "code", 1000, 4999, &code, error))
    return FALSE;

  if (!is_close_code (code))
    {
      fail (error, "%u is not a close code that a server may send", (guint) code);
      return FALSE;
    }

  return for_clients (server, command, close_with, code, error);
}

static void
mute (EchoClient *client,
      gint64      is_mute)
{
  echo_client_set_mute (client, is_mute != 0);
}

static gboolean
run_mute (EchoServer  *server,
          JsonObject  *command,
          GError     **error)
{
  gboolean is_mute;

  return get_boolean (command, "mute", &is_mute, error)
         && for_clients (server, command, mute, is_mute, error);
}

static gboolean
run_send (EchoServer  *server,
          JsonObject  *command,
          GError     **error)
{
  EchoClient *client = get_client (server, command, error);
  g_autoptr (GBytes) text = NULL;

  if (client == NULL || (text = get_text (command, "text", error)) == NULL)
    return FALSE;

  if (client->is_mute)
    {
      fail (error, "Client %u is muted, so nothing is sent to it", client->number);
      return FALSE;
    }

  if (echo_gate_is_behind (client->gate))
    {
      fail (error, "Client %u has not read its earlier messages yet", client->number);
      return FALSE;
    }

  echo_client_send (client, SOUP_WEBSOCKET_DATA_TEXT, text);

  return TRUE;
}

static void
send_often (EchoClient *client,
            GBytes     *text,
            gint64      count)
{
  gint64 n;

  if (client->is_mute || echo_gate_is_behind (client->gate))
    return;

  for (n = 0; n < count && echo_client_is_open (client); n++)
    echo_client_send (client, SOUP_WEBSOCKET_DATA_TEXT, text);
}

static gboolean
run_broadcast (EchoServer  *server,
               JsonObject  *command,
               GError     **error)
{
  g_autoptr (GBytes) text = get_text (command, "text", error);
  gint64 count;
  guint i;

  if (text == NULL || !get_optional_number (command, "count", 1, MAX_COUNT, 1, &count,
                                             error))
    return FALSE;

  if (count * g_bytes_get_size (text) > ECHO_MAX_MESSAGE)
    {
      fail (error, "The messages for each client would exceed %d MiB",
            ECHO_MAX_MESSAGE / (1024 * 1024));
      return FALSE;
    }

  for (i = 0; i < server->clients->len; i++)
    send_often (g_ptr_array_index (server->clients, i), text, count);

  return TRUE;
}

static gboolean
run_refuse (EchoServer  *server,
            JsonObject  *command,
            GError     **error)
{
  gint64 retry_after;
  gboolean is_refusing;

  if (!get_boolean (command, "refuse", &is_refusing, error)
      || !get_optional_number (command, "retryAfter", -1, MAX_RETRY_AFTER, -1, &retry_after,
                               error))
    return FALSE;

  server->settings.refuse = is_refusing;
  server->settings.retry_after = retry_after;
  note (server, g_strdup (is_refusing ? "new clients are refused" : "new clients are accepted"));

  return TRUE;
}

static gboolean
run_delay (EchoServer  *server,
           JsonObject  *command,
           GError     **error)
{
  gint64 delay;

  if (!get_number (command, "delay", 0, MAX_DELAY, &delay, error))
    return FALSE;

  server->settings.delay = delay;
  note (server, g_strdup_printf ("answers are delayed by %u ms", server->settings.delay));

  return TRUE;
}

static gboolean
run_greet (EchoServer  *server,
           JsonObject  *command,
           GError     **error)
{
  char *text;

  if (!get_optional_text (command, "text", &text, error))
    return FALSE;

  g_free (server->settings.greeting);
  server->settings.greeting = text;
  note (server, g_strdup (text != NULL ? "new clients are greeted" : "no client is greeted"));

  return TRUE;
}

static gboolean
run_login (EchoServer  *server,
           JsonObject  *command,
           GError     **error)
{
  g_autofree char *text = NULL;
  g_autofree char *answer = NULL;

  if (!get_optional_text (command, "text", &text, error)
      || !get_optional_text (command, "answer", &answer, error))
    return FALSE;

  g_free (server->settings.login);
  g_free (server->settings.welcome);
  note (server, g_strdup (text != NULL ? "clients have to log in" : "no client has to log in"));
  server->settings.login = g_steal_pointer (&text);
  server->settings.welcome = g_steal_pointer (&answer);

  return TRUE;
}

static gboolean
run_limit (EchoServer  *server,
           JsonObject  *command,
           GError     **error)
{
  gint64 limit;

  if (!get_number (command, "bytes", -1, ECHO_MAX_MESSAGE, &limit, error))
    return FALSE;

  server->settings.limit = limit;
  note (server, limit < 0 ? g_strdup ("messages may have any size")
                          : g_strdup_printf ("messages may have up to %u bytes", (guint) limit));

  return TRUE;
}

static const struct
{
  const char  *name;
  CommandFunc  func;
} commands[] = {
  { "drop", run_drop },
  { "close", run_close },
  { "mute", run_mute },
  { "send", run_send },
  { "broadcast", run_broadcast },
  { "refuse", run_refuse },
  { "delay", run_delay },
  { "greet", run_greet },
  { "login", run_login },
  { "limit", run_limit },
};

gboolean
echo_command_run (EchoServer  *server,
                  const char  *name,
                  JsonObject  *command,
                  GError     **error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (commands[i].name, name))
        return commands[i].func (server, command, error);
    }

  fail (error, "The command is unknown");
  return FALSE;
}
