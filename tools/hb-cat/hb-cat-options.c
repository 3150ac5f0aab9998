/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-cat-exec.h"
#include "hb-cat-greeting.h"
#include "hb-cat-headers.h"
#include "hb-cat-i18n.h"
#include "hb-cat-options.h"
#include "hb-cat-tls.h"
#include "hb-cat-values.h"

#define DEFAULT_WAIT 500 /* in milliseconds */

#define EXAMPLES                                                                          \
  "  hb-cat wss://example.com/feed\n"                                                     \
  "  hb-cat --header @secret.txt --protocol chat wss://example.com/\n"                    \
  "  hb-cat --send=hello --count=1 --once ws://localhost:8080/\n"                         \
  "  hb-cat --json wss://example.com/feed | jq -r 'select(.event == \"message\").data'\n" \
  "  hb-cat --reconnect-timeout=500 --reconnect-timeout-max=60000 \\\n"                   \
  "         --reconnect-jitter=0.5 wss://example.com/feed\n"

static const char *
get_summary (void)
{
  return _("Keeps one WebSocket open: prints each message, and sends each line of standard input\n"
           "as a message. Lines that you enter while the connection is lost are sent when it is\n"
           "open again. Events of the connection are reported on standard error.");
}

static char *
get_description (void)
{
  const char *times =
    _("Times (MS) are in milliseconds. An option that has the name of a property of\n"
      "HbWebsocketTask sets this property, whose documentation has the details.");
  const char *ends =
    _("At the end of the input, hb-cat sends the lines that are still queued, waits for the\n"
      "time of --wait, and closes the connection with code 1000. Ctrl-C does the same without\n"
      "the wait. A second Ctrl-C exits at once. With --once, hb-cat does not reconnect, but\n"
      "exits when the connection is lost.");
  const char *statuses =
    _("Exit status:\n"
      "  0  the connection was closed as requested or, with --once, by the server with code 1000\n"
      "  1  one of these errors occurred:\n"
      "     * --repeat-limit was reached, or the connection of --once was lost\n"
      "     * a received message was too big\n"
      "     * fewer messages were received than --count requires\n"
      "     * a line could not be sent\n"
      "     * standard output could not be written to\n"
      "     * the command of --exec failed\n"
      "     * Ctrl-C was pressed twice\n"
      "  2  the command line was wrong");

  return g_strdup_printf ("%s\n\n%s\n\n%s\n\n%s\n%s",
                          times, ends, statuses, _("Examples:"), EXAMPLES);
}

/* Sets the task's property with the same name as the option, or “heartbeat-mode” for --ping-mode.
 * The type of the property defines how the value is parsed. */
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
    {
      name = "heartbeat-mode";
      self->has_mode = TRUE;
    }
  else if (strcmp (name, "ping-message") == 0 || strcmp (name, "pong-message") == 0)
    {
      self->has_text = TRUE;
    }

  if (strcmp (name, "repeat-limit") == 0)
    self->has_limit = TRUE;

  pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self->task), name);
  g_assert (pspec != NULL);
  g_value_init (&value, pspec->value_type);

  if (!cat_parse_value (option_name, text, &value, error))
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

  if (!cat_parse_signed (option_name, text, &wait, error))
    return FALSE;

  self->wait = wait;
  self->has_wait = TRUE;
  return TRUE;
}

static gboolean
set_count_cb (const char  *option_name,
              const char  *text,
              gpointer     user_data,
              GError     **error)
{
  CatOptions *self = user_data;
  guint64 count;

  if (!cat_parse_unsigned (option_name, text, 1, G_MAXUINT, &count, error))
    return FALSE;

  self->count = count;
  return TRUE;
}

static gboolean
apply (CatOptions  *self,
       int          argc,
       char       **argv,
       GError     **error)
{
  SoupMessageHeaders *headers = hb_websocket_task_get_request_headers (self->task);
  gsize i;

  if (argc < 2)
    return cat_fail (error, _("The URI is missing. Give a URI such as wss://example.com/feed"));

  if (argc > 2)
    return cat_fail (error, _("Only one argument, the URI, is accepted"));

  if (self->once && self->has_limit)
    return cat_fail (error, _("--once and --repeat-limit cannot be used together"));

  if (self->sent != NULL && self->command != NULL)
    return cat_fail (error, _("--send and --exec cannot be used together"));

  for (i = 0; self->headers != NULL && self->headers[i] != NULL; i++)
    {
      if (!cat_headers_add (headers, self->headers[i], error))
        return FALSE;
    }

  if (self->user != NULL && !cat_headers_add_user (headers, self->user, error))
    return FALSE;

  if (!cat_tls_set_up (self, error))
    return FALSE;

  if (!cat_greeting_set_up (self, error))
    return FALSE;

  if (self->has_text && !self->has_mode)
    hb_websocket_task_set_heartbeat_mode (self->task, HB_HEARTBEAT_MODE_MESSAGE);

  if (self->command != NULL)
    self->exec = cat_exec_new (self->task, self->command);

  if (self->once)
    hb_websocket_task_set_repeat_limit (self->task, 0);

  if (self->count > 0 && !self->has_wait)
    self->wait = -1;

  /* hb-cat stops reading its input while many bytes are waiting to be sent, so the queue needs no
   * limit. With a limit, the task would refuse a long line. */
  hb_websocket_task_set_max_buffered_amount (self->task, 0);

  hb_websocket_task_set_protocols (self->task, (const char * const *) self->protocols);
  hb_websocket_task_set_uri (self->task, argv[1]);
  return TRUE;
}

/* In the C locale, GLib cannot convert an argument to UTF-8 if it is not ASCII. GLib does not
 * convert arguments of the type FILENAME or FILENAME_ARRAY, or of a callback with the flag
 * FILENAME, so each option that takes arbitrary text has one of these types or this flag. */
static GOptionContext *
new_context (CatOptions *self)
{
  const GOptionEntry entries[] = {
    { "protocol", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->protocols,
      _("Offer this subprotocol (may be given more than once)"), "NAME" },
    { "header", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->headers,
      _("Send this header, or those in FILE (may be given more than once)"),
      "'NAME: VALUE'|@FILE" },
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &self->user,
      _("Authenticate as this user (Basic)"), "NAME:PASSWORD" },
    { "origin", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Send this Origin header"), "ORIGIN" },
    { "compression", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_compression_cb,
      _("Offer to compress messages (permessage-deflate)"), NULL },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &self->ca_file,
      _("Trust the certificate authorities in this file, and no others"), "FILE" },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &self->cert_file,
      _("Authenticate with the client certificate in this file"), "FILE" },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key_file,
      _("The private key for the certificate of --cert, if the key is not in the same file"),
      "FILE" },
    { "insecure", 0, 0, G_OPTION_ARG_NONE, &self->insecure,
      _("Accept any certificate of the server, with a warning"), NULL },
    { "greeting", 0, 0, G_OPTION_ARG_FILENAME, &self->greeting,
      _("Send this message, or that in FILE, first on each connection"), "TEXT|@FILE" },
    { "ready-on", 0, 0, G_OPTION_ARG_FILENAME, &self->ready_on,
      _("Send lines only after a message that contains this text"), "TEXT" },
    { "ping-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Silence before a ping, 0: ping only when the network changes (15000)"), "MS" },
    { "pong-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Time for the reply to a ping (10000)"), "MS" },
    { "ping-mode", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Ping with a text message, or with a ping frame (ping)"), "message|ping" },
    { "ping-message", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("The text of the ping message (heartbeat)"), "TEXT" },
    { "pong-message", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("The text of the reply to a ping; it is not printed"), "TEXT" },
    { "liveness", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Data that proves that the server responds, and delays pings (any)"),
      "any|reply|steady" },
    { "reconnect-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Delay before an attempt to reconnect (2000)"), "MS" },
    { "reconnect-timeout-max", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Double the delay after each failure, up to this time; 0: never (0)"), "MS" },
    { "reconnect-jitter", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Share of each delay that is random, 0 to 1 (0)"), "SHARE" },
    { "repeat-limit", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Give up after this many consecutive failed attempts to reconnect, -1: never (-1)"), "N" },
    { "min-uptime", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Time a connection must last before the count of attempts is reset (5000)"), "MS" },
    { "connect-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("How long one attempt may take (10000)"), "MS" },
    { "close-timeout", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("How long closing may take (2000)"), "MS" },
    { "max-message-size", 0, 0, G_OPTION_ARG_CALLBACK, set_property_cb,
      _("Maximum size of a received message, 0: 2 GiB (16777216)"), "BYTES" },
    { "once", 0, 0, G_OPTION_ARG_NONE, &self->once,
      _("Never reconnect: exit when the first connection ends"), NULL },
    { "count", 0, 0, G_OPTION_ARG_CALLBACK, set_count_cb,
      _("Close after this number of received messages"), "N" },
    { "wait", 0, 0, G_OPTION_ARG_CALLBACK, set_wait_cb,
      _("Wait for answers after the end of the input, -1: forever (500, or -1 with --count)"),
      "MS" },
    { "send", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->sent,
      _("Send this message, or that in FILE, instead of lines (may be given more than once)"),
      "TEXT|@FILE" },
    { "exec", 0, 0, G_OPTION_ARG_FILENAME, &self->command,
      _("Run this command: it reads messages, and each line of its output is sent"), "COMMAND" },
    { "binary", 0, 0, G_OPTION_ARG_NONE, &self->binary,
      _("Send lines as binary messages, and print binary messages as they are"), NULL },
    { "null", '0', 0, G_OPTION_ARG_NONE, &self->null,
      _("A NUL ends each line of the input and each message of the output"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json,
      _("Print one JSON object for each event"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet,
      _("Print only messages and errors"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version,
      _("Show the version and exit"), NULL },
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new ("URI");
  g_autofree char *description = get_description ();
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, self, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (context, get_summary ());
  g_option_context_set_description (context, description);

  return context;
}

/* GLib's error about an unknown option shows the whole argument, which may contain a password after
 * the equals sign or after the letter of a short option. */
static void
hide_value (GError **error)
{
  char *option;

  if (!g_error_matches (*error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    return;

  option = strchr ((*error)->message, '-');
  if (g_str_has_prefix (option, "--"))
    option[strcspn (option, "=")] = '\0';
  else
    *g_utf8_offset_to_pointer (option, 2) = '\0';
}

/* Even after an error, the caller must clear @self with cat_options_clear (). */
gboolean
cat_options_parse (CatOptions   *self,
                   int          *argc,
                   char       ***argv,
                   GError      **error)
{
  g_autoptr (GOptionContext) context = NULL;

  *self = (CatOptions) {
    .session = soup_session_new (),
    .wait = DEFAULT_WAIT,
  };
  soup_session_add_feature_by_type (self->session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  self->task = g_object_new (HB_TYPE_WEBSOCKET_TASK, "session", self->session, NULL);

  /* Every server has to answer a ping frame (RFC 6455, 5.5.2), but not a text message. */
  hb_websocket_task_set_heartbeat_mode (self->task, HB_HEARTBEAT_MODE_PING);

  context = new_context (self);
  if (!g_option_context_parse (context, argc, argv, error))
    {
      hide_value (error);
      return FALSE;
    }

  return self->version || apply (self, *argc, *argv, error);
}

void
cat_options_clear (CatOptions *self)
{
  g_clear_pointer (&self->exec, cat_exec_free);
  g_clear_object (&self->task);
  g_clear_object (&self->session);
  g_clear_object (&self->certificate);
  g_clear_pointer (&self->headers, g_strfreev);
  g_clear_pointer (&self->protocols, g_strfreev);
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->greeting, g_free);
  g_clear_pointer (&self->greeting_bytes, g_bytes_unref);
  g_clear_pointer (&self->sent, g_strfreev);
  g_clear_pointer (&self->messages, g_ptr_array_unref);
  g_clear_pointer (&self->command, g_free);
  g_clear_pointer (&self->ready_on, g_free);
  g_clear_pointer (&self->ca_file, g_free);
  g_clear_pointer (&self->cert_file, g_free);
  g_clear_pointer (&self->key_file, g_free);
}
