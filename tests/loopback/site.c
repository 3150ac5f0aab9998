/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "site.h"

struct _Site
{
  RawServer *raw;
  GPtrArray *requests; /* the text of each request */
  char      *answer;   /* (nullable) the answer to requests for "/" */
  char      *realm;    /* (nullable) the realm of the required login */
};

static void
requested_cb (RawPeer  *peer,
              gpointer  user_data)
{
  Site *self = user_data;
  const char *request = raw_peer_get_request (peer);

  g_ptr_array_add (self->requests, g_strdup (request));

  if (self->realm != NULL && strstr (request, "\r\nAuthorization: ") == NULL)
    {
      g_autofree char *answer = g_strdup_printf ("HTTP/1.1 401 Unauthorized\r\n"
                                                 "WWW-Authenticate: Basic realm=\"%s\"\r\n"
                                                 "Content-Length: 0\r\n\r\n", self->realm);

      raw_peer_write_text (peer, answer);
    }
  else if (self->answer != NULL && g_str_has_prefix (request, "GET / "))
    raw_peer_write_text (peer, self->answer);
  else
    raw_peer_accept (peer);
}

/* @certificate: (nullable): NULL for a server without TLS */
Site *
site_new (GTlsCertificate *certificate)
{
  Site *self = g_new0 (Site, 1);

  self->raw = certificate != NULL ? raw_server_new_tls (certificate) : raw_server_new ();
  self->requests = g_ptr_array_new_with_free_func (g_free);
  raw_server_set_requested (self->raw, requested_cb, self);

  return self;
}

void
site_free (Site *self)
{
  raw_server_free (self->raw);
  g_ptr_array_unref (self->requests);
  g_free (self->answer);
  g_free (self->realm);
  g_free (self);
}

const char *
site_get_uri (Site *self)
{
  return raw_server_get_uri (self->raw);
}

/* Returns the host, the port and a slash. */
const char *
site_get_authority (Site *self)
{
  return strstr (site_get_uri (self), "://") + 3;
}

void
site_answer (Site       *self,
             const char *answer)
{
  g_free (self->answer);
  self->answer = g_strdup (answer);
}

void
site_redirect (Site       *self,
               guint       status,
               const char *location)
{
  g_autofree char *answer = NULL;

  answer = g_strdup_printf ("HTTP/1.1 %u Elsewhere\r\nLocation: %s\r\n"
                            "Content-Length: 0\r\n\r\n", status, location);
  site_answer (self, answer);
}

void
site_require (Site       *self,
              const char *realm)
{
  g_free (self->realm);
  self->realm = g_strdup (realm);
}

guint
site_get_n_requests (Site *self)
{
  return self->requests->len;
}

const char *
site_get_request (Site  *self,
                  guint  index)
{
  g_assert_cmpuint (index, <, self->requests->len);

  return g_ptr_array_index (self->requests, index);
}

const char *
site_get_last (Site *self)
{
  g_assert_cmpuint (self->requests->len, >, 0);

  return site_get_request (self, self->requests->len - 1);
}
