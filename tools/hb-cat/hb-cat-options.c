/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hb-cat-options.h"

#define DEFAULT_WAIT 500

#define SUMMARY                                                                                  \
  "Keeps one WebSocket alive: prints what arrives, and sends each line of standard input as a\n" \
  "text message. Lines that come while the link is down are kept and sent when it is back.\n"    \
  "What happens to the link is told on standard error."

#define DESCRIPTION                                                                              \
  "Times (MS) are in milliseconds. An option named like a property of HbWebsocketTask sets it;\n" \
  "the property’s documentation tells more.\n"                                                   \
  "\n"                                                                                           \
  "At the end of the input, the lines that are still queued are sent, --wait passes, and the\n"  \
  "link is closed with code 1000. Ctrl-C does the same without the wait; a second Ctrl-C leaves\n" \
  "at once. With --once, a link that is lost is not opened again, and the program ends with it.\n" \
  "\n"                                                                                           \
  "Exit status:\n"                                                                               \
  "  0  closed as asked, or, with --once, by the server with code 1000\n"                        \
  "  1  gave up: --repeat-limit was reached, the one link of --once was lost, or a message was\n"  \
  "     too big; or a line could not be sent, standard output was closed, or Ctrl-C came twice\n"  \
  "  2  the command line was wrong\n"                                                            \
  "\n"                                                                                           \
  "Examples:\n"                                                                                  \
  "  hb-cat wss://example.com/feed\n"                                                            \
  "  hb-cat --header 'Authorization: Bearer TOKEN' --protocol chat wss://example.com/\n"         \
  "  echo hello | hb-cat --once ws://localhost:8080/\n"                                          \
  "  hb-cat --ping-mode=ping --reconnect-timeout=500 --reconnect-timeout-max=60000 \\\n"         \
  "         --reconnect-jitter=0.5 wss://example.com/feed\n"

static gboolean fail (GError     **error,
                      const char  *format,
                      ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError     **error,
      const char  *format,
      ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
parse_unsigned (const char  *option_name,
                const char  *text,
                guint64      max,
                guint64     *number,
                GError     **error)
{
  if (g_ascii_string_to_unsigned (text, 10, 0, max, number, NULL))
    return TRUE;

  return fail (error, "%s takes a whole number from 0 to %" G_GUINT64_FORMAT ", not “%s”",
               option_name, max, text);
}

/* -1 has a meaning of its own wherever a signed number is taken. */
static gboolean
parse_signed (const char  *option_name,
              const char  *text,
              gint64      *number,
              GError     **error)
{
  if (g_ascii_string_to_signed (text, 10, -1, G_MAXINT, number, NULL))
    return TRUE;

  return fail (error, "%s takes a whole number from -1 to %d, not “%s”",
               option_name, G_MAXINT, text);
}

static gboolean
parse_share (const char  *option_name,
             const char  *text,
             double      *number,
             GError     **error)
{
  char *end;

  *number = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && *number >= 0 && *number <= 1)
    return TRUE;

  return fail (error, "%s takes a number from 0 to 1, not “%s”", option_name, text);
}

static gboolean
parse_enum (const char  *option_name,
            const char  *text,
            GValue      *value,
            GError     **error)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (G_VALUE_TYPE (value));
  GEnumClass *enum_class = G_ENUM_CLASS (klass);
  GEnumValue *found = g_enum_get_value_by_nick (enum_class, text);
  g_autoptr (GString) choice = NULL;
  guint i;

  if (found != NULL)
    {
      g_value_set_enum (value, found->value);
      return TRUE;
    }

  choice = g_string_new (NULL);
  for (i = 0; i < enum_class->n_values; i++)
    g_string_append_printf (choice, "%s“%s”", i > 0 ? " or " : "",
                            enum_class->values[i].value_nick);

  return fail (error, "%s takes %s, not “%s”", option_name, choice->str, text);
}

/* Whatever the locale is, what a WebSocket carries is UTF-8. */
static gboolean
parse_text (const char  *option_name,
            const char  *text,
            GError     **error)
{
  return g_utf8_validate (text, -1, NULL)
         || fail (error, "%s takes text in UTF-8", option_name);
}

static gboolean
parse_value (const char  *option_name,
             const char  *text,
             GValue      *value,
             GError     **error)
{
  guint64 size = 0;
  gint64 number = 0;
  double share = 0;
  gboolean parsed = TRUE;

  if (G_VALUE_HOLDS_STRING (value))
    {
      parsed = parse_text (option_name, text, error);
      g_value_set_string (value, text);
    }
  else if (G_VALUE_HOLDS_ENUM (value))
    parsed = parse_enum (option_name, text, value, error);
  else if (G_VALUE_HOLDS_UINT (value))
    {
      parsed = parse_unsigned (option_name, text, G_MAXUINT, &size, error);
      g_value_set_uint (value, size);
    }
  else if (G_VALUE_HOLDS_UINT64 (value))
    {
      parsed = parse_unsigned (option_name, text, G_MAXUINT64, &size, error);
      g_value_set_uint64 (value, size);
    }
  else if (G_VALUE_HOLDS_INT (value))
    {
      parsed = parse_signed (option_name, text, &number, error);
      g_value_set_int (value, number);
    }
  else if (G_VALUE_HOLDS_DOUBLE (value))
    {
      parsed = parse_share (option_name, text, &share, error);
      g_value_set_double (value, share);
    }
  else
    g_assert_not_reached ();

  return parsed;
}

/* Most options are a property by their name, and the property's type tells how to read them. */
static gboolean
set_property_cb (const char  *option_name,
                 const char  *text,
                 gpointer     user_data,
                 GError     **error)
{
  CatOptions *self = user_data;
  const char *name = option_name + strlen ("--");
  GParamSpec *pspec;
  g_auto (GValue) value = G_VALUE_INIT;

  if (strcmp (name, "ping-mode") == 0)
    name = "heartbeat-mode";

  if (strcmp (name, "repeat-limit") == 0)
    self->has_limit = TRUE;

  pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self->task), name);
  g_assert (pspec != NULL);
  g_value_init (&value, pspec->value_type);

  if (!parse_value (option_name, text, &value, error))
    return FALSE;

  g_object_set_property (G_OBJECT (self->task), name, &value);
  return TRUE;
}

static gboolean
set_compression_cb (const char  *option_name,
                    const char  *text,
                    gpointer     user_data,
                    GError     **error)
{
  CatOptions *self = user_data;

  hb_websocket_task_set_compression (self->task, TRUE);
  return TRUE;
}

static gboolean
set_wait_cb (const char  *option_name,
             const char  *text,
             gpointer     user_data,
             GError     **error)
{
  CatOptions *self = user_data;
  gint64 wait;

  if (!parse_signed (option_name, text, &wait, error))
    return FALSE;

  self->wait = wait;
  return TRUE;
}

static gboolean
is_token (const char *string)
{
  const char *c;

  for (c = string; *c != '\0'; c++)
    {
      if (!g_ascii_isalnum (*c) && strchr ("!#$%&'*+-.^_`|~", *c) == NULL)
        return FALSE;
    }

  return c != string;
}

static gboolean
is_header_value (const char *string)
{
  const char *c;

  for (c = string; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c) && *c != '\t')
        return FALSE;
    }

  return TRUE;
}

/* The value stays out of the messages: it may be a password. */
static gboolean
add_header (CatOptions  *self,
            const char  *header,
            GError     **error)
{
  const char *colon = strchr (header, ':');
  g_autofree char *name = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *value = NULL;

  if (colon == NULL)
    return fail (error, "--header takes “Name: value”, and one of them has no colon");

  name = g_strndup (header, colon - header);
  shown = g_strescape (name, NULL);
  value = g_strdup (colon + 1);

  if (!is_token (name))
    return fail (error, "The header name “%s” is not a token: only letters, digits and "
                 "!#$%%&'*+-.^_`|~ are allowed", shown);

  /* Before the blanks at the ends go, for a newline there is an error too. */
  if (!is_header_value (value))
    return fail (error, "The value of the header “%s” has a newline or another control "
                 "character in it", name);

  if (g_ascii_strncasecmp (name, "Sec-WebSocket-", strlen ("Sec-WebSocket-")) == 0
      || g_ascii_strcasecmp (name, "Connection") == 0
      || g_ascii_strcasecmp (name, "Upgrade") == 0)
    return fail (error, "The header “%s” belongs to the WebSocket handshake itself "
                 "(for a subprotocol there is --protocol)", name);

  soup_message_headers_append (hb_websocket_task_get_request_headers (self->task),
                               name, g_strstrip (value));
  return TRUE;
}

static gboolean
apply (CatOptions  *self,
       int          argc,
       char       **argv,
       GError     **error)
{
  gsize i;

  if (argc < 2)
    return fail (error, "Which WebSocket? Give a URI such as wss://example.com/feed");

  if (argc > 2)
    return fail (error, "One URI is enough: “%s” is one too many", argv[2]);

  if (self->once && self->has_limit)
    return fail (error, "--once and --repeat-limit exclude each other");

  for (i = 0; self->headers != NULL && self->headers[i] != NULL; i++)
    {
      if (!add_header (self, self->headers[i], error))
        return FALSE;
    }

  if (self->once)
    hb_websocket_task_set_repeat_limit (self->task, 0);

  hb_websocket_task_set_protocols (self->task, (const char * const *) self->protocols);
  hb_websocket_task_set_uri (self->task, argv[1]);
  return TRUE;
}

/* FILENAME, in a flag or a type, stands for: as it is, not converted from the locale. */
static GOptionContext *
new_context (CatOptions *self)
{
  const GOptionEntry entries[] = {
    { "protocol", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->protocols,
      "Offer this subprotocol (may be given more than once)", "NAME" },
    { "header", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->headers,
      "Send this header with each handshake (may be given more than once)", "'NAME: VALUE'" },
    { "origin", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Send this Origin header", "ORIGIN" },
    { "compression", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_compression_cb,
      "Offer to compress messages (permessage-deflate)", NULL },
    { "ping-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Silence before a ping, 0: no heartbeat (15000)", "MS" },
    { "pong-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Wait for life after a ping (10000)", "MS" },
    { "ping-mode", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Ping with a text message, or with a ping frame (message)", "message|ping" },
    { "ping-message", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      "The text of a ping (heartbeat)", "TEXT" },
    { "pong-message", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      "The text that answers a ping; it is not printed", "TEXT" },
    { "liveness", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "What proves life: all that arrives, or only the answer to a ping (any)", "any|reply" },
    { "reconnect-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Wait before an attempt to reconnect (2000)", "MS" },
    { "reconnect-timeout-max", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Double that wait at each failure, up to this; 0: never (0)", "MS" },
    { "reconnect-jitter", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Share of each wait that is random, 0 to 1 (0)", "SHARE" },
    { "repeat-limit", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "Give up after this many attempts in a row, -1: never (-1)", "N" },
    { "min-uptime", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "How long a link must last for attempts to count afresh (5000)", "MS" },
    { "connect-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "How long one attempt may take (10000)", "MS" },
    { "close-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "How long closing may take (2000)", "MS" },
    { "max-message-size", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      "The longest message to take, 0: no limit (16777216)", "BYTES" },
    { "once", 0, 0, G_OPTION_ARG_NONE, &self->once,
      "Never reconnect: end when the link does", NULL },
    { "wait", 0, 0, G_OPTION_ARG_CALLBACK, set_wait_cb,
      "Wait for answers after the end of the input, -1: until Ctrl-C (500)", "MS" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet,
      "Tell nothing but errors", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version,
      "Show the version and leave", NULL },
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new ("URI");
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, self, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);

  return context;
}

gboolean
cat_options_parse (CatOptions   *self,
                   int          *argc,
                   char       ***argv,
                   GError      **error)
{
  g_autoptr (GOptionContext) context = NULL;

  *self = (CatOptions) {
    .task = g_object_new (HB_TYPE_WEBSOCKET_TASK, NULL),
    .wait = DEFAULT_WAIT,
  };

  context = new_context (self);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  return self->version || apply (self, *argc, *argv, error);
}

void
cat_options_clear (CatOptions *self)
{
  g_clear_object (&self->task);
  g_clear_pointer (&self->headers, g_strfreev);
  g_clear_pointer (&self->protocols, g_strfreev);
}
