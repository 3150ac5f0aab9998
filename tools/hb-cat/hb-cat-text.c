/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints events as lines of text to standard error. Messages go to cat_output_write () instead,
 * except binary messages without --binary. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hb-cat-i18n.h"
#include "hb-cat-output.h"
#include "hb-cat-reporter.h"

/* The maximum number of bytes of a binary message that are shown */
#define MAX_HEX 32

/* Escape sequences (ECMA-48) */
#define PLAIN   ""
#define GOOD    "\033[32m"
#define WAITING "\033[33m"
#define BAD     "\033[31m"
#define FAINT   "\033[2m"
#define RESET   "\033[0m"

/* The replacement character, as in g_utf8_make_valid () */
#define REPLACEMENT 0xfffd

/* Control characters from the server could change the state of the terminal, or begin a line that
 * seems to come from hb-cat, so U+FFFD replaces them.
 *
 * @size: the size of @text in bytes, or -1 if a NUL ends it
 * @kept: the control characters that stay
 *
 * Returns: (transfer full) */
static GString *
defuse (const char *text,
        gssize      size,
        const char *kept)
{
  g_autofree char *valid = g_utf8_make_valid (text, size);
  GString *harmless = g_string_sized_new (strlen (valid));
  const char *character;

  for (character = valid; *character != '\0'; character = g_utf8_next_char (character))
    {
      gunichar code = g_utf8_get_char (character);
      gboolean is_harmful = g_unichar_iscntrl (code) && strchr (kept, (int) code) == NULL;

      g_string_append_unichar (harmless, is_harmful ? REPLACEMENT : code);
    }

  return harmless;
}

/* Any value of NO_COLOR that is not empty disables colours, as https://no-color.org specifies. */
static gboolean
has_colours (void)
{
  const char *no_color = getenv ("NO_COLOR");
  const char *terminal = getenv ("TERM");

  return (no_color == NULL || *no_color == '\0')
         && terminal != NULL && strcmp (terminal, "dumb") != 0 && isatty (STDERR_FILENO);
}

static void
print_line (const char *colour,
            const char *text)
{
  gboolean coloured = *colour != '\0' && has_colours ();
  g_autoptr (GString) harmless = defuse (text, -1, "");
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");

  fprintf (stderr, "%s.%03d  %s%s%s\n", time, g_date_time_get_microsecond (now) / 1000,
           coloured ? colour : "", harmless->str, coloured ? RESET : "");
}

static gboolean show (const CatOptions *options,
                      const char       *colour,
                      const char       *format,
                      ...) G_GNUC_PRINTF (3, 4);

/* Returns: TRUE, because the functions of a reporter return FALSE only if they cannot write to
 *   standard output */
static gboolean
show (const CatOptions *options,
      const char       *colour,
      const char       *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (options->quiet)
    return TRUE;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  print_line (colour, text);

  return TRUE;
}

static gboolean
show_open (const CatOptions *options,
           gboolean          again,
           guint             n_queued)
{
  gint64 downtime = hb_websocket_task_get_downtime (options->task);
  const char *protocol = hb_websocket_task_get_protocol (options->task);
  g_autoptr (GString) text = g_string_new (NULL);

  if (again)
    g_string_append_printf (text, _("open again after %.1f s"),
                            downtime / (double) G_TIME_SPAN_SECOND);
  else
    g_string_append (text, _("open"));

  if (protocol != NULL)
    g_string_append_printf (text, _(", protocol %s"), protocol);

  if (n_queued > 0)
    g_string_append_printf (text, _(", %u queued"), n_queued);

  return show (options, GOOD, "%s", text->str);
}

static gboolean
show_ready (const CatOptions *options,
            guint             n_queued)
{
  return n_queued > 0 ? show (options, GOOD, _("ready, %u queued"), n_queued)
                      : show (options, GOOD, "%s", _("ready"));
}

static void
print_binary (GBytes *message)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;

  g_string_append_printf (text, _("binary message, %zu bytes:"), size);
  for (i = 0; i < MIN (size, MAX_HEX); i++)
    g_string_append_printf (text, " %02x", data[i]);
  if (size > MAX_HEX)
    g_string_append (text, " …");

  print_line (PLAIN, text->str);
}

static gboolean
show_message (const CatOptions      *options,
              SoupWebsocketDataType  type,
              GBytes                *message)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);
  g_autoptr (GString) harmless = NULL;

  if (type != SOUP_WEBSOCKET_DATA_TEXT && !options->binary)
    {
      print_binary (message);
      return TRUE;
    }

  if (type == SOUP_WEBSOCKET_DATA_TEXT && options->exec == NULL && isatty (STDOUT_FILENO))
    {
      harmless = defuse (size > 0 ? data : "", size, "\t\n\r");
      data = harmless->str;
      size = harmless->len;
    }

  return cat_output_write (options, data, size)
         && cat_output_write (options, options->null ? "" : "\n", 1)
         && cat_output_flush (options);
}

static gboolean
show_close (const CatOptions *options,
            guint             code,
            const char       *reason)
{
  if (code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    return show (options, BAD, "%s", _("connection lost (no close frame)"));

  if (reason != NULL && *reason != '\0')
    return show (options, WAITING, _("closed with code %u, “%s”"), code, reason);

  return show (options, WAITING, _("closed with code %u"), code);
}

static gboolean
show_error (const CatOptions *options,
            const GError     *error)
{
  g_autofree char *text = NULL;

  if (g_error_matches (error, HB_ERROR, HB_ERROR_PONG_TIMEOUT))
    text = g_strdup_printf (_("silence: %s"), error->message);

  print_line (BAD, text != NULL ? text : error->message);

  return TRUE;
}

static gboolean
show_reconnect (const CatOptions *options,
                guint             attempt,
                guint             delay)
{
  return show (options, WAITING, _("reconnect in %.1f s, attempt %u"), delay / 1000.0, attempt);
}

static gboolean
show_latency (const CatOptions *options,
              gint64            latency)
{
  return show (options, FAINT, _("ping answered in %.1f ms"), latency / 1000.0);
}

static gboolean
show_queued (const CatOptions *options,
             guint             n_queued)
{
  return show (options, WAITING, _("queued, %u waiting"), n_queued);
}

static gboolean
show_drain (const CatOptions *options,
            guint             n_backlog)
{
  return n_backlog == 0 || show (options, GOOD, "%s", _("queue sent"));
}

static gboolean
show_unsent (const CatOptions *options,
             const GError     *error)
{
  fprintf (stderr, _("hb-cat: a line was not sent: %s\n"), error->message);

  return TRUE;
}

static gboolean
show_interrupted (const CatOptions *options,
                  guint             n_queued)
{
  return n_queued == 0
         || show (options, WAITING,
                  _("messages still to be sent: %u; press Ctrl-C again to exit at once"), n_queued);
}

const CatReporter cat_reporter_text = {
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
  .interrupted = show_interrupted,
};
