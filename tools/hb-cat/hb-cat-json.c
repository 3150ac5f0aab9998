/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints each event as a line with one JSON object. Programs rely on the names and units, which the
 * manual page documents. */

#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "hb-cat-output.h"
#include "hb-cat-reporter.h"

static JsonBuilder *
begin (const char *event)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, event);
  json_builder_set_member_name (builder, "time");
  json_builder_add_int_value (builder, g_get_real_time () / G_TIME_SPAN_MILLISECOND);

  return builder;
}

static void
add_int (JsonBuilder *builder,
         const char  *name,
         gint64       value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* @value: (nullable): NULL becomes null */
static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
append_escape (GString *json,
               guchar   code)
{
  const char *digits = "0123456789abcdef";

  g_string_append (json, "\\u00");
  g_string_append_c (json, digits[code >> 4]);
  g_string_append_c (json, digits[code & 0xf]);
}

/* Returns whether a character from U+0080 to U+009F begins at @text. Without an escape, it could
 * change the state of a terminal.
 *
 * @text: UTF-8 */
static gboolean
is_control (const char *text)
{
  return (guchar) text[0] == 0xc2 && (guchar) text[1] < 0xa0;
}

/* JSON forbids U+001F in strings unless it is escaped, but json-glib 1.6 does not escape it. The
 * characters that are escaped here occur only in strings, so the whole text is searched. */
static GString *
to_json (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);
  GString *json = g_string_sized_new (strlen (text));
  const char *byte;

  for (byte = text; *byte != '\0'; byte++)
    {
      if (*byte == 0x1f)
        append_escape (json, *byte);
      else if (is_control (byte))
        append_escape (json, *++byte);
      else
        g_string_append_c (json, *byte);
    }

  return json;
}

/* Returns: (transfer full): the object without its last brace, so that members can be appended */
static GString *
end (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  GString *line;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  line = to_json (root);
  g_string_truncate (line, line->len - 1);

  return line;
}

static gboolean
print_line (const CatOptions *options,
            GString          *line)
{
  g_string_append (line, "}\n");

  return cat_output_write (options, line->str, line->len) && cat_output_flush (options);
}

static gboolean
print (const CatOptions *options,
       JsonBuilder      *builder)
{
  g_autoptr (GString) line = end (builder);

  return print_line (options, line);
}

static gboolean
print_unless_quiet (const CatOptions *options,
                    JsonBuilder      *builder)
{
  return options->quiet || print (options, builder);
}

/* A string of json-glib ends at a NUL, but a message may contain NULs, so this function does not
 * use json-glib.
 *
 * @text: UTF-8
 * @size: in bytes */
static void
append_quoted (GString    *json,
               const char *text,
               gsize       size)
{
  const char *end_of_text = text + size;
  const char *byte;

  g_string_append_c (json, '"');
  for (byte = text; byte < end_of_text; byte++)
    {
      if (*byte == '"' || *byte == '\\')
        {
          g_string_append_c (json, '\\');
          g_string_append_c (json, *byte);
        }
      else if (*byte == '\n')
        g_string_append (json, "\\n");
      else if (g_ascii_iscntrl (*byte))
        append_escape (json, *byte);
      else if (is_control (byte))
        append_escape (json, *++byte);
      else
        g_string_append_c (json, *byte);
    }
  g_string_append_c (json, '"');
}

static gboolean
show_state (const CatOptions *options,
            HbState           state)
{
  g_autoptr (JsonBuilder) builder = begin ("state");
  g_autoptr (GTypeClass) klass = g_type_class_ref (HB_TYPE_STATE);

  add_string (builder, "state", g_enum_get_value (G_ENUM_CLASS (klass), state)->value_nick);

  return print_unless_quiet (options, builder);
}

static gboolean
show_open (const CatOptions *options,
           gboolean          again,
           guint             n_queued)
{
  g_autoptr (JsonBuilder) builder = begin ("open");
  gint64 downtime = hb_websocket_task_get_downtime (options->task);

  add_string (builder, "protocol", hb_websocket_task_get_protocol (options->task));
  add_int (builder, "downtime", downtime / G_TIME_SPAN_MILLISECOND);
  add_int (builder, "waiting", n_queued);

  return print_unless_quiet (options, builder);
}

static gboolean
show_ready (const CatOptions *options,
            guint             n_queued)
{
  g_autoptr (JsonBuilder) builder = begin ("ready");

  add_int (builder, "waiting", n_queued);

  return print_unless_quiet (options, builder);
}

static gboolean
print_text (const CatOptions *options,
            GBytes           *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  g_autoptr (JsonBuilder) builder = begin ("message");
  g_autoptr (GString) line = NULL;

  add_string (builder, "type", "text");
  line = end (builder);
  g_string_append (line, ",\"data\":");
  append_quoted (line, size > 0 ? text : "", size);

  return print_line (options, line);
}

static gboolean
print_binary (const CatOptions *options,
              GBytes           *message)
{
  gsize size;
  const guchar *bytes = g_bytes_get_data (message, &size);
  g_autoptr (JsonBuilder) builder = begin ("message");
  g_autofree char *data = g_base64_encode (bytes, size);

  add_string (builder, "type", "binary");
  add_string (builder, "data", data);

  return print (options, builder);
}

static gboolean
show_message (const CatOptions      *options,
              SoupWebsocketDataType  type,
              GBytes                *message)
{
  return type == SOUP_WEBSOCKET_DATA_TEXT ? print_text (options, message)
                                          : print_binary (options, message);
}

static gboolean
show_close (const CatOptions *options,
            guint             code,
            const char       *reason)
{
  g_autoptr (JsonBuilder) builder = begin ("close");

  add_int (builder, "code", code);
  add_string (builder, "reason", reason != NULL ? reason : "");

  return print_unless_quiet (options, builder);
}

static void
add_error (JsonBuilder  *builder,
           const GError *error)
{
  add_string (builder, "domain", g_quark_to_string (error->domain));
  add_int (builder, "code", error->code);
  add_string (builder, "message", error->message);
}

static gboolean
show_error (const CatOptions *options,
            const GError     *error)
{
  g_autoptr (JsonBuilder) builder = begin ("error");

  add_error (builder, error);

  return print (options, builder);
}

static gboolean
show_reconnect (const CatOptions *options,
                guint             attempt,
                guint             delay)
{
  g_autoptr (JsonBuilder) builder = begin ("reconnect");

  add_int (builder, "attempt", attempt);
  add_int (builder, "delay", delay);

  return print_unless_quiet (options, builder);
}

static gboolean
show_latency (const CatOptions *options,
              gint64            latency)
{
  g_autoptr (JsonBuilder) builder = begin ("latency");

  add_int (builder, "latency_us", latency);

  return print_unless_quiet (options, builder);
}

static gboolean
show_queued (const CatOptions *options,
             guint             n_queued)
{
  g_autoptr (JsonBuilder) builder = begin ("queued");

  add_int (builder, "waiting", n_queued);

  return print_unless_quiet (options, builder);
}

static gboolean
show_drain (const CatOptions *options,
            guint             n_backlog)
{
  g_autoptr (JsonBuilder) builder = begin ("drain");

  return print_unless_quiet (options, builder);
}

static gboolean
show_unsent (const CatOptions *options,
             const GError     *error)
{
  g_autoptr (JsonBuilder) builder = begin ("unsent");

  add_error (builder, error);

  return print (options, builder);
}

const CatReporter cat_reporter_json = {
  .state = show_state,
  .open = show_open,
  .ready = show_ready,
  .message = show_message,
  .close = show_close,
  .error = show_error,
  .reconnect = show_reconnect,
  .latency = show_latency,
  .queued = show_queued,
  .drain = show_drain,
  .unsent = show_unsent,
};
