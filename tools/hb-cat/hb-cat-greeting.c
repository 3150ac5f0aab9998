/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The message with which each connection begins, and the one that lets the lines follow */

#include "config.h"

#include <string.h>

#include "hb-cat-greeting.h"
#include "hb-cat-i18n.h"
#include "hb-cat-values.h"

/* Whether the bytes may be a text message. g_utf8_validate () rejects a NUL, which is valid, so the
 * parts between NULs are validated. */
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

/* Reads the greeting from the option or, after an “@”, from a file, where other users cannot see
 * it. The newline with which editors end a file is not part of a text. */
gboolean
cat_greeting_set_up (CatOptions  *options,
                     GError     **error)
{
  g_autofree char *data = NULL;
  gsize size;

  if (options->ready_on != NULL)
    hb_websocket_task_set_manual_ready (options->task, TRUE);

  if (options->greeting == NULL)
    return TRUE;

  if (options->greeting[0] != '@')
    {
      data = g_strdup (options->greeting);
      size = strlen (data);
    }
  else if (!g_file_get_contents (options->greeting + 1, &data, &size, error))
    {
      return FALSE;
    }
  else if (!options->binary && size > 0 && data[size - 1] == '\n')
    {
      size--;
    }

  if (!options->binary && !is_text (data, size))
    return cat_fail (error, _("--greeting is not UTF-8, as a text message must be"));

  options->greeting_bytes = g_bytes_new (data, size);
  return TRUE;
}

/* Sends the greeting on the connection that has just been opened, and on no other. */
void
cat_greeting_send (const CatOptions *options)
{
  SoupWebsocketDataType type = options->binary ? SOUP_WEBSOCKET_DATA_BINARY
                                               : SOUP_WEBSOCKET_DATA_TEXT;

  if (options->greeting_bytes != NULL)
    hb_websocket_task_send_message (options->task, type, options->greeting_bytes,
                                    HB_SEND_FLAGS_THIS_LINK, NULL);
}

/* Whether the message is the one that --ready-on names. */
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
