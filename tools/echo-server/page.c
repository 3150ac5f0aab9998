/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "page.h"

#define RESOURCES "/hb/echo-server/"

/* Allows no content from other sites, and no inline scripts. No site may show the page in a frame,
 * because that site could redirect clicks to the page. */
#define POLICY \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

typedef struct
{
  const char *path;
  const char *name;
  const char *type;
} File;

static const File files[] = {
  { "/", "index.html", "text/html; charset=utf-8" },
  { "/style.css", "style.css", "text/css; charset=utf-8" },
  { "/page.js", "page.js", "text/javascript; charset=utf-8" },
  { "/view.js", "view.js", "text/javascript; charset=utf-8" },
  { "/icon.svg", "icon.svg", "image/svg+xml" },
};

static const File *
find_file (const char *path)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (files); i++)
    {
      if (g_str_equal (files[i].path, path))
        return &files[i];
    }

  return NULL;
}

static void
answer_with (SoupServerMessage *message,
             const File        *file)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  g_autofree char *name = g_strconcat (RESOURCES, file->name, NULL);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (name, 0, NULL);

  g_assert (bytes != NULL);

  soup_message_headers_replace (headers, "Content-Type", file->type);
  soup_message_headers_replace (headers, "Content-Security-Policy", POLICY);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_body_append_bytes (body, bytes);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

/* Returns: whether @message was a GET or HEAD request for a file of the page */
gboolean
echo_page_answer (SoupServerMessage *message,
                  const char        *path)
{
  const char *method = soup_server_message_get_method (message);
  const File *file = find_file (path);

  if (file == NULL || !(g_str_equal (method, "GET") || g_str_equal (method, "HEAD")))
    return FALSE;

  answer_with (message, file);

  return TRUE;
}
