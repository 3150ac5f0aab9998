/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "control.h"

#include "command.h"

/* The WebSocket of the page. The page sends {"command": "next"} when it is ready for an update. It
 * gets the update as soon as something has changed, or after a second. So no updates accumulate for
 * a page that sleeps in the background. The reply to any other command is {"type": "done"} or
 * {"type": "error"}.
 *
 * Every web site that the user of this machine visits can open WebSockets to 127.0.0.1. A script
 * cannot change the header Origin, in which the browser names the site, so only the server's own
 * page may control the server. Others get 403. The header Host would not help, because an
 * attacker's name can resolve to 127.0.0.1 too. */

#define PATH     "/control"
#define PROTOCOL "hb-control"

#define MAX_COMMAND 16384
#define MAX_LISTED  100

/* The shortest and the longest time between updates, in microseconds */
#define SHORTEST (100 * 1000)
#define LONGEST  (1000 * 1000)

typedef struct
{
  EchoControl             *control;
  SoupWebsocketConnection *connection; /* (owned) */
  guint64                  n_seen;     /* lines of the log */
  gboolean                 is_new;
  gboolean                 is_ready;
} Watcher;

struct _EchoControl
{
  EchoServer *server;
  GPtrArray  *watchers;   /* (owned) (element-type Watcher) */
  char       *origins[3]; /* (owned) (array zero-terminated=1), those of the page */
  GSource    *timer;      /* (owned) */
  gint64      updated_at; /* monotonic, in microseconds */
};

static void
watcher_free (Watcher *self)
{
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  g_free (self);
}

/* json-glib 1.6 does not escape U+001F, which JSON forbids in strings, so the page could not parse
 * it. The character occurs in strings only, so it can be replaced in the whole text. */
static void
watcher_send (Watcher     *self,
              JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE);
  g_autoptr (GString) json = g_string_new (text);

  g_string_replace (json, "\x1f", "\\u001f", 0);

  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->connection, json->str);
}

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

static void
watcher_update (Watcher *self)
{
  EchoServer *server = self->control->server;
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_string (builder, "type", "update");
  add_server (builder, server);
  add_clients (builder, server);
  add_lines (builder, &server->log, self->n_seen);
  json_builder_end_object (builder);

  self->is_ready = FALSE;
  self->n_seen = server->log.n_lines;
  watcher_send (self, builder);
}

static gboolean
update_cb (gpointer user_data)
{
  EchoControl *self = user_data;
  guint i;

  g_source_set_ready_time (self->timer, -1);
  self->updated_at = g_get_monotonic_time ();

  for (i = 0; i < self->watchers->len; i++)
    {
      Watcher *watcher = g_ptr_array_index (self->watchers, i);

      if (watcher->is_ready)
        watcher_update (watcher);
    }

  return G_SOURCE_CONTINUE;
}

static void
update_within (EchoControl *self,
               gint64       interval)
{
  gint64 due = self->updated_at + interval;
  gint64 ready_time = g_source_get_ready_time (self->timer);

  if (self->watchers->len > 0 && (ready_time < 0 || due < ready_time))
    g_source_set_ready_time (self->timer, due);
}

static void
log_cb (gpointer user_data)
{
  update_within (user_data, SHORTEST);
}

static void
on_next (Watcher *self)
{
  gboolean is_behind = self->n_seen < self->control->server->log.n_lines;

  if (self->is_new)
    {
      self->is_new = FALSE;
      watcher_update (self);
      return;
    }

  self->is_ready = TRUE;
  update_within (self->control, is_behind ? SHORTEST : LONGEST);
}

static void
reply (Watcher      *self,
       const char   *name,
       const GError *error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_string (builder, "type", error == NULL ? "done" : "error");
  add_string (builder, "command", name);
  if (error != NULL)
    add_string (builder, "message", error->message);
  json_builder_end_object (builder);

  watcher_send (self, builder);
}

/* Returns: (transfer none) (nullable): NULL if the message is not a JSON object with a command */
static JsonObject *
parse (JsonParser  *parser,
       GBytes      *message,
       const char **name)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  JsonNode *root;
  JsonNode *node;

  if (size == 0 || !json_parser_load_from_data (parser, text, size, NULL))
    return NULL;

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;

  node = json_object_get_member (json_node_get_object (root), "command");
  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;

  *name = json_node_get_string (node);

  return g_utf8_validate (*name, -1, NULL) ? json_node_get_object (root) : NULL;
}

static void
on_message (Watcher               *self,
            SoupWebsocketDataType  type,
            GBytes                *message)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  const char *name = NULL;
  JsonObject *command = NULL;

  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    command = parse (parser, message, &name);

  if (command == NULL)
    {
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "A command is a JSON object with a text “command”");
      reply (self, "", error);
    }
  else if (g_str_equal (name, "next"))
    {
      on_next (self);
    }
  else
    {
      echo_command_run (self->control->server, name, command, &error);
      reply (self, name, error);
      update_within (self->control, 0);
    }
}

static void
on_closed (Watcher *self)
{
  g_ptr_array_remove_fast (self->control->watchers, self);
}

static void
request_cb (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  EchoControl *self = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *origin = soup_message_headers_get_one (headers, "Origin");

  if (origin == NULL || !g_strv_contains ((const char *const *) self->origins, origin))
    soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
}

static void
websocket_cb (SoupServer              *soup,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  EchoControl *self = user_data;
  Watcher *watcher = g_new0 (Watcher, 1);

  watcher->control = self;
  watcher->connection = g_object_ref (connection);
  watcher->is_new = TRUE;
  g_ptr_array_add (self->watchers, watcher);

  soup_websocket_connection_set_max_incoming_payload_size (connection, MAX_COMMAND);
  g_signal_connect_swapped (connection, "message", G_CALLBACK (on_message), watcher);
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (on_closed), watcher);
}

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  return callback (user_data);
}

EchoControl *
echo_control_new (EchoServer *server,
                  guint16     port)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  char *protocols[] = { (char *) PROTOCOL, NULL };
  EchoControl *self = g_new0 (EchoControl, 1);

  self->origins[0] = g_strdup_printf ("http://127.0.0.1:%u", port);
  self->origins[1] = g_strdup_printf ("http://localhost:%u", port);
  self->server = server;
  self->watchers = g_ptr_array_new_with_free_func ((GDestroyNotify) watcher_free);

  self->timer = g_source_new (&funcs, sizeof (GSource));
  g_source_set_callback (self->timer, update_cb, self, NULL);
  g_source_attach (self->timer, NULL);

  server->log.func = log_cb;
  server->log.user_data = self;

  soup_server_add_handler (server->soup, PATH, request_cb, self, NULL);
  soup_server_add_websocket_handler (server->soup, PATH, NULL, protocols,
                                     websocket_cb, self, NULL);

  return self;
}

void
echo_control_free (EchoControl *self)
{
  self->server->log.func = NULL;
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_ptr_array_unref (self->watchers);
  g_free (self->origins[0]);
  g_free (self->origins[1]);
  g_free (self);
}
