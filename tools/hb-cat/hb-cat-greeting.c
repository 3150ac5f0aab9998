/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of --greeting and --send, and the message that --ready-on awaits */

#include "config.h"

#include <string.h>

#include "hb-cat-greeting.h"
#include "hb-cat-i18n.h"
#include "hb-cat-values.h"

/* g_utf8_validate () rejects a NUL, although a text message may contain one, so this function
 * validates the parts between NULs. */
static gboolean
is_text (const char *data,
         gsize       size)
{
  while (TRUE)
    {
      gsize length = strnlen (data, size);

      if (!g_utf8_validate (data, length, NULL))
        return FALSE;

      if (length == size)
        return TRUE;

      data += length + 1;
      size -= length + 1;
    }
}

/* Reads a message from the argument of an option or, after an “@”, from a file. Editors end a file
 * with a newline, which is not part of the message, except with --binary.
 *
 * Returns: (transfer full) (nullable): NULL after an error */
static GBytes *
load (const CatOptions  *options,
      const char        *option_name,
      const char        *argument,
      GError           **error)
{
  g_autofree char *data = NULL;
  gsize size;

  if (argument[0] != '@')
    {
      data = g_strdup (argument);
      size = strlen (data);
    }
  else if (!g_file_get_contents (argument + 1, &data, &size, error))
    {
      return NULL;
    }
  else if (!options->binary && size > 0 && data[size - 1] == '\n')
    {
      size--;
    }

  if (!options->binary && !is_text (data, size))
    {
      cat_fail (error, _("%s is not valid UTF-8: use --binary to send a binary message"),
                option_name);
      return NULL;
    }

  return g_bytes_new (data, size);
}

gboolean
cat_greeting_set_up (CatOptions  *options,
                     GError     **error)
{
  guint i;

  if (options->ready_on != NULL)
    hb_websocket_task_set_manual_ready (options->task, TRUE);

  if (options->greeting != NULL)
    {
      options->greeting_bytes = load (options, "--greeting", options->greeting, error);
      if (options->greeting_bytes == NULL)
        return FALSE;
    }

  options->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (i = 0; options->sent != NULL && options->sent[i] != NULL; i++)
    {
      GBytes *message = load (options, "--send", options->sent[i], error);

      if (message == NULL)
        return FALSE;

      g_ptr_array_add (options->messages, message);
    }

  return TRUE;
}

/* Each connection gets a greeting of its own, so a greeting that has not been sent must not be
 * queued for the next connection. */
void
cat_greeting_send (const CatOptions *options)
{
  SoupWebsocketDataType type = options->binary ? SOUP_WEBSOCKET_DATA_BINARY
                                               : SOUP_WEBSOCKET_DATA_TEXT;

  if (options->greeting_bytes != NULL)
    hb_websocket_task_send_message (options->task, type, options->greeting_bytes,
                                    HB_SEND_FLAGS_THIS_LINK, NULL);
}

/* Returns whether the message contains the text of --ready-on. */
gboolean
cat_greeting_answers (const CatOptions *options,
                      GBytes           *message)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);
  gsize length;
  gsize i;

  if (options->ready_on == NULL)
    return FALSE;

  length = strlen (options->ready_on);
  for (i = 0; i + length <= size; i++)
    {
      if (memcmp (data + i, options->ready_on, length) == 0)
        return TRUE;
    }

  return FALSE;
}
