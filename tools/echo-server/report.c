/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "report.h"

#include <json-glib/json-glib.h>

#define MAX_LISTED 100 /* clients in an update */

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_number (JsonBuilder *builder,
            const char  *name,
            gint64       value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder,
             const char  *name,
             gboolean     value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_server (JsonBuilder *builder,
            EchoServer  *server)
{
  json_builder_set_member_name (builder, "server");
  json_builder_begin_object (builder);
  add_boolean (builder, "refuse", server->settings.refuse);
  add_number (builder, "retryAfter", server->settings.retry_after);
  add_number (builder, "delay", server->settings.delay);
  add_number (builder, "limit", server->settings.limit);
  add_boolean (builder, "greet", server->settings.greeting != NULL);
  add_boolean (builder, "login", server->settings.login != NULL);
  add_number (builder, "refused", server->n_refused);
  add_number (builder, "connected", server->clients->len);
  json_builder_end_object (builder);
}

static void
add_client (JsonBuilder *builder,
            EchoClient  *client)
{
  gint64 silence = g_get_monotonic_time () - echo_gate_get_heard_at (client->gate);

  json_builder_begin_object (builder);
  add_number (builder, "number", client->number);
  add_string (builder, "address", client->address);
  add_number (builder, "opened", client->opened_at);
  add_number (builder, "heard", silence / 1000);
  add_number (builder, "in", client->n_in);
  add_number (builder, "out", client->n_out);
  add_number (builder, "bytesIn", client->bytes_in);
  add_number (builder, "bytesOut", client->bytes_out);
  add_number (builder, "waiting", g_queue_get_length (&client->answers));
  add_boolean (builder, "mute", client->is_mute);
  add_boolean (builder, "open", echo_client_is_open (client));
  json_builder_end_object (builder);
}

static void
add_clients (JsonBuilder *builder,
             EchoServer  *server)
{
  guint i;

  json_builder_set_member_name (builder, "clients");
  json_builder_begin_array (builder);

  for (i = 0; i < MIN (server->clients->len, MAX_LISTED); i++)
    add_client (builder, g_ptr_array_index (server->clients, i));

  json_builder_end_array (builder);
}

static void
add_lines (JsonBuilder   *builder,
           const EchoLog *log,
           guint64        n_seen)
{
  static const char *const kinds[] = {
    [ECHO_LOG_EVENT] = "event",
    [ECHO_LOG_IN] = "in",
    [ECHO_LOG_OUT] = "out",
  };
  GList *link;

  json_builder_set_member_name (builder, "log");
  json_builder_begin_array (builder);

  for (link = log->lines.head; link != NULL; link = link->next)
    {
      const EchoLogLine *line = link->data;

      if (line->number <= n_seen)
        continue;

      json_builder_begin_object (builder);
      add_number (builder, "number", line->number);
      add_number (builder, "time", line->time);
      add_number (builder, "client", line->client);
      add_string (builder, "kind", kinds[line->kind]);
      add_string (builder, "text", line->text);
      json_builder_end_object (builder);
    }

  json_builder_end_array (builder);
}

/* JSON forbids U+001F in strings unless it is escaped, but json-glib 1.6 does not escape it. The
 * character occurs only in strings, so it can be replaced in the whole text. */
static char *
end (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;
  GString *json;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  json = g_string_new (text);
  g_string_replace (json, "\x1f", "\\u001f", 0);

  return g_string_free (json, FALSE);
}

static JsonBuilder *
begin (const char *type)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_string (builder, "type", type);

  return builder;
}

/* Returns: (transfer full): the state of the server, and the log lines after the line @n_seen */
char *
echo_report_update (EchoServer *server,
                    guint64     n_seen)
{
  g_autoptr (JsonBuilder) builder = begin ("update");

  add_server (builder, server);
  add_clients (builder, server);
  add_lines (builder, &server->log, n_seen);

  return end (builder);
}

/* @error: (nullable): NULL if the command has succeeded
 *
 * Returns: (transfer full) */
char *
echo_report_reply (const char   *command,
                   const GError *error)
{
  g_autoptr (JsonBuilder) builder = begin (error == NULL ? "done" : "error");

  add_string (builder, "command", command);
  if (error != NULL)
    add_string (builder, "message", error->message);

  return end (builder);
}

/* Returns: (transfer full) */
char *
echo_report_listening (const char *uri)
{
  g_autoptr (JsonBuilder) builder = begin ("listening");

  add_string (builder, "uri", uri);

  return end (builder);
}
