/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "control.h"

#include <json-glib/json-glib.h>

#include "command.h"
#include "report.h"

/* Each page (socket.c) and each program (lines.c) that controls the server is a watcher.
 *
 * A watcher asks for each update with {"command": "next"}, so updates never accumulate for a page
 * that the browser suspends in the background. A watcher gets its first update at once. Each later
 * one follows soon after the log has grown or a command has run, and otherwise within a second.
 * {"command": "status"} gets an update at once. The reply to any other command has the type "done"
 * or "error". */

/* The shortest time from an update to one that new log lines cause, and the longest time that a
 * watcher waits for an update, in microseconds */
#define SHORTEST (100 * 1000)
#define LONGEST  (1000 * 1000)

/* The maximum number of objects and arrays in one command. The known commands need one. */
#define MAX_CONTAINERS 1000

struct _EchoWatcher
{
  EchoControl     *control;
  EchoControlFunc  func;
  gpointer         user_data;
  guint64          n_seen; /* the number of the last log line that was sent to the watcher */
  gboolean         is_new;
  gboolean         is_ready;
};

struct _EchoControl
{
  EchoServer *server;
  GPtrArray  *watchers;   /* (owned) (element-type EchoWatcher) */
  GSource    *timer;      /* (owned) */
  gint64      updated_at; /* monotonic, in microseconds */
};

static void
watcher_update (EchoWatcher *self)
{
  EchoServer *server = self->control->server;
  g_autofree char *json = echo_report_update (server, self->n_seen);

  self->is_new = FALSE;
  self->is_ready = FALSE;
  self->n_seen = server->log.n_lines;
  self->func (self->user_data, json);
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
      EchoWatcher *watcher = g_ptr_array_index (self->watchers, i);

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
on_next (EchoWatcher *self)
{
  gboolean is_behind = self->n_seen < self->control->server->log.n_lines;

  if (self->is_new)
    {
      watcher_update (self);
      return;
    }

  self->is_ready = TRUE;
  update_within (self->control, is_behind ? SHORTEST : LONGEST);
}

static void
reply (EchoWatcher  *self,
       const char   *name,
       const GError *error)
{
  g_autofree char *json = echo_report_reply (name, error);

  self->func (self->user_data, json);
}

/* json-glib parses nested values recursively, so deeply nested values would overflow the stack.
 * json-glib also accepts comments and strings in single quotes, in which a quotation mark begins no
 * string, so this function does not allow them. */
static gboolean
is_unsafe (const char *text,
           gsize       size)
{
  gboolean is_in_string = FALSE;
  guint n_containers = 0;
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (text[i] == '\\')
        i++;
      else if (text[i] == '"')
        is_in_string = !is_in_string;
      else if (!is_in_string && (text[i] == '/' || text[i] == '\''))
        return TRUE;
      else if (!is_in_string && (text[i] == '[' || text[i] == '{'))
        n_containers++;
    }

  return n_containers > MAX_CONTAINERS;
}

/* Returns: (transfer none) (nullable): the command, which @parser owns, or NULL if the message is
 * not a JSON object with a string “command”, or is unsafe to parse */
static JsonObject *
parse (JsonParser  *parser,
       GBytes      *message,
       const char **name)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  JsonNode *root;
  JsonNode *node;

  if (size == 0 || is_unsafe (text, size)
      || !json_parser_load_from_data (parser, text, size, NULL))
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

/* Runs a command in JSON, and calls the function of the watcher with the reply. The reply to
 * “next” may come later. */
void
echo_watcher_command (EchoWatcher *self,
                      GBytes      *message)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  const char *name = NULL;
  JsonObject *command = parse (parser, message, &name);

  if (command == NULL)
    {
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "A command is a JSON object with a string “command”");
      reply (self, "", error);
    }
  else if (g_str_equal (name, "next"))
    {
      on_next (self);
    }
  else if (g_str_equal (name, "status"))
    {
      watcher_update (self);
    }
  else
    {
      echo_command_run (self->control->server, name, command, &error);
      reply (self, name, error);
      update_within (self->control, 0);
    }
}

EchoWatcher *
echo_control_watch (EchoControl     *self,
                    EchoControlFunc  func,
                    gpointer         user_data)
{
  EchoWatcher *watcher = g_new0 (EchoWatcher, 1);

  watcher->control = self;
  watcher->func = func;
  watcher->user_data = user_data;
  watcher->is_new = TRUE;
  g_ptr_array_add (self->watchers, watcher);

  return watcher;
}

void
echo_watcher_free (EchoWatcher *self)
{
  g_ptr_array_remove_fast (self->control->watchers, self);
  g_free (self);
}

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  return callback (user_data);
}

EchoControl *
echo_control_new (EchoServer *server)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  EchoControl *self = g_new0 (EchoControl, 1);

  self->server = server;
  self->watchers = g_ptr_array_new ();

  self->timer = g_source_new (&funcs, sizeof (GSource));
  g_source_set_callback (self->timer, update_cb, self, NULL);
  g_source_attach (self->timer, NULL);

  server->log.func = log_cb;
  server->log.user_data = self;

  return self;
}

void
echo_control_free (EchoControl *self)
{
  g_assert (self->watchers->len == 0);

  self->server->log.func = NULL;
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_ptr_array_unref (self->watchers);
  g_free (self);
}
