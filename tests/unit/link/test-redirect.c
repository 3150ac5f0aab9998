/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-proxy-private.h"
#include "hb-redirect-private.h"

/* The loopback tests cannot test most rows, because their servers do not listen on the default
 * ports. */
static void
test_origins (void)
{
  const struct
  {
    const char *one;
    const char *other;
    gboolean    is_same;
  } pairs[] = {
    { "ws://a.example/", "ws://a.example/b?c", TRUE },
    { "ws://a.example/", "ws://A.EXAMPLE:80/", TRUE },
    { "ws://a.example/", "http://a.example/", TRUE },
    { "wss://a.example/", "https://a.example:443/", TRUE },
    { "ws://anna@a.example/", "ws://a.example/", TRUE },
    { "ws://a.example/", "wss://a.example/", FALSE },
    { "ws://a.example:8080/", "wss://a.example:8080/", FALSE },
    { "ws://a.example:443/", "wss://a.example/", FALSE },
    { "ws://a.example/", "ws://b.a.example/", FALSE },
    { "ws://a.example/", "ws://a.example:8080/", FALSE },
    { "ws://a.example/", "ws://a.example./", FALSE },
    { "ws://127.0.0.1/", "ws://[::1]/", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GUri) one = g_uri_parse (pairs[i].one, SOUP_HTTP_URI_FLAGS, NULL);
      g_autoptr (GUri) other = g_uri_parse (pairs[i].other, SOUP_HTTP_URI_FLAGS, NULL);

      if (hb_redirect_is_same_origin (one, other) != pairs[i].is_same
          || hb_redirect_is_same_origin (other, one) != pairs[i].is_same)
        g_error ("%s and %s", pairs[i].one, pairs[i].other);
    }
}

static void
test_tunnel (void)
{
  const char *uris[] = { "wss://a.example/", "wss://a.example/b", "wss://c.example/" };
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) request = soup_message_new ("GET", "ws://a.example/");
  guint i;

  g_test_summary ("However many redirects follow each other, a request watches the session for a "
                  "tunnel with one handler");

  hb_proxy_guard (session, request);

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GUri) uri = g_uri_parse (uris[i], SOUP_HTTP_URI_FLAGS, NULL);

      soup_message_set_uri (request, uri);
      g_assert_cmpuint (g_signal_handlers_block_matched (session, G_SIGNAL_MATCH_DATA, 0, 0, NULL,
                                                         NULL, request), ==, 1);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Two URIs have the same origin if and only if they have the same scheme, host "
                  "and port, where ws counts as http, and wss as https");

  g_test_add_func ("/link/redirect/origins", test_origins);
  g_test_add_func ("/link/redirect/tunnel", test_tunnel);

  return g_test_run ();
}
