/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"

/* The latest events and messages. The log keeps a limited number of lines, and only the start of a
 * long message, so that a client that sends endlessly cannot fill the memory. */

#define MAX_LINES   200
#define MAX_EXCERPT 200 /* bytes of a message */

#define FIRST_PICTURE     0x2400 /* the picture of NUL; those of U+0001 to U+001F follow */
#define PICTURE_OF_DELETE 0x2421
#define REPLACEMENT       0xfffd

static void
line_free (EchoLogLine *line)
{
  g_free (line->text);
  g_free (line);
}

void
echo_log_init (EchoLog *self)
{
  g_queue_init (&self->lines);
}

void
echo_log_clear (EchoLog *self)
{
  g_queue_clear_full (&self->lines, (GDestroyNotify) line_free);
}

/* Makes text from a client safe for a terminal and for JSON. A path whose escapes have been
 * decoded, for example, may be invalid UTF-8, which JSON cannot contain. Control characters could
 * change the state of the terminal, so Unicode's pictures of them, or U+FFFD, replace them.
 *
 * Returns: (transfer full) */
char *
echo_log_make_plain (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *plain = g_string_new (NULL);
  const char *at;

  for (at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (character < 0x20)
        character += FIRST_PICTURE;
      else if (character == 0x7f)
        character = PICTURE_OF_DELETE;
      else if (g_unichar_iscntrl (character))
        character = REPLACEMENT;

      g_string_append_unichar (plain, character);
    }

  return g_string_free (plain, FALSE);
}

/* @text: (transfer full) */
void
echo_log_take (EchoLog     *self,
               EchoLogKind  kind,
               guint        client,
               char        *text)
{
  EchoLogLine *line = g_new0 (EchoLogLine, 1);

  line->number = ++self->n_lines;
  line->time = g_get_real_time () / 1000;
  line->text = echo_log_make_plain (text);
  line->kind = kind;
  line->client = client;
  g_free (text);
  g_queue_push_tail (&self->lines, line);

  if (g_queue_get_length (&self->lines) > MAX_LINES)
    line_free (g_queue_pop_head (&self->lines));

  if (self->func != NULL)
    self->func (self->user_data);
}

/* Cuts long @data between two characters, and replaces NULs, which a C string cannot contain.
 *
 * @data: UTF-8 */
static char *
make_excerpt (const char *data,
              gsize       size)
{
  g_autofree char *start = NULL;
  const char *end = data + MAX_EXCERPT;

  if (size <= MAX_EXCERPT)
    return g_utf8_make_valid (data, size);

  while (end > data && (*end & 0xc0) == 0x80)
    end--;
  start = g_utf8_make_valid (data, end - data);

  return g_strdup_printf ("%s… (%" G_GSIZE_FORMAT " bytes)", start, size);
}

void
echo_log_message (EchoLog     *self,
                  EchoLogKind  kind,
                  guint        client,
                  gboolean     is_text,
                  GBytes      *message)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  if (is_text)
    echo_log_take (self, kind, client, make_excerpt (size > 0 ? data : "", size));
  else
    echo_log_take (self, kind, client,
                   g_strdup_printf ("%" G_GSIZE_FORMAT " bytes of binary data", size));
}
