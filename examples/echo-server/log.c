/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"

/* What has happened last, for the page. It is bounded in lines and in the length of each, so that a
 * client which sends without end fills no memory. */

#define MAX_LINES   200
#define MAX_EXCERPT 200 /* bytes of a message */

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
  line->text = text;
  line->kind = kind;
  line->client = client;
  g_queue_push_tail (&self->lines, line);

  if (g_queue_get_length (&self->lines) > MAX_LINES)
    line_free (g_queue_pop_head (&self->lines));

  if (self->func != NULL)
    self->func (self->user_data);
}

/* A NUL is no part of a C string, and a cut within a character leaves what is no UTF-8. */
static char *
make_excerpt (const char *data,
              gsize       size)
{
  const char *end;

  if (size <= MAX_EXCERPT)
    return g_utf8_make_valid (data, size);

  g_utf8_validate_len (data, MAX_EXCERPT, &end);

  return g_strdup_printf ("%.*s… (%" G_GSIZE_FORMAT " bytes)", (int) (end - data), data, size);
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
