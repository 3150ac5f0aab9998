/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-certificate-private.h"
#include "hb-refusal-private.h"

/* glib-networking may resume a TLS session that another request of the process has begun, although
 * that request trusts other authorities, has a handler that accepts other certificates, or has
 * another client certificate. This file therefore checks the certificate after a resumption too,
 * and disables resumption for requests with a client certificate. */

static G_DEFINE_QUARK (hb-certificate-is-asked, is_asked)

/* Records whether libsoup has emitted `accept-certificate` for the current connection. */
static void
set_asked (SoupMessage *request,
           gboolean     is_asked)
{
  g_object_set_qdata (G_OBJECT (request), is_asked_quark (), GINT_TO_POINTER (is_asked));
}

/* Runs before the handlers of the application. */
static gboolean
accept_certificate_cb (SoupMessage          *request,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       gpointer              user_data)
{
  set_asked (request, TRUE);

  return FALSE;
}

/* If another request resumed the session of a request with a handler for `request-certificate`, the
 * server would treat the other request as one from the owner of the certificate that the handler
 * supplied. Therefore, this function disables resumption on the TLS connection of such a request.
 * glib-networking before 2.76 has no property for this, so the session may still be resumed. */
static void
forget_session (SoupMessage *request,
                GIOStream   *tls)
{
  guint signal_id = g_signal_lookup ("request-certificate", SOUP_TYPE_MESSAGE);
  const char *property = "session-resumption-enabled";

  if (g_signal_has_handler_pending (request, signal_id, 0, FALSE)
      && g_object_class_find_property (G_OBJECT_GET_CLASS (tls), property) != NULL)
    g_object_set (tls, property, FALSE, NULL);
}

/* Asks the application about a certificate with errors, as libsoup does in a full handshake. */
static gboolean
is_accepted (SoupMessage    *request,
             GTlsConnection *tls)
{
  GTlsCertificateFlags errors = g_tls_connection_get_peer_certificate_errors (tls);
  gboolean result = errors == 0;

  if (errors != 0)
    g_signal_emit_by_name (request, "accept-certificate",
                           g_tls_connection_get_peer_certificate (tls), errors, &result);

  return result;
}

/* In a resumed session, glib-networking ignores the errors of the server's certificate. These
 * errors are handled here, before libsoup sends the request, as in a full handshake. */
static void
network_event_cb (SoupMessage        *request,
                  GSocketClientEvent  event,
                  GIOStream          *stream,
                  gpointer            user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    {
      set_asked (request, FALSE);
      forget_session (request, stream);
    }
  else if (event == G_SOCKET_CLIENT_TLS_HANDSHAKED
           && g_object_get_qdata (G_OBJECT (request), is_asked_quark ()) == NULL
           && !is_accepted (request, G_TLS_CONNECTION (stream)))
    {
      hb_refusal_cancel (request,
                         g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                                              g_dgettext ("glib-networking",
                                                          "Unacceptable TLS certificate")));
    }
}

/* Must be called before the application gets the request. */
void
hb_certificate_guard (SoupMessage *request)
{
  g_signal_connect (request, "accept-certificate", G_CALLBACK (accept_certificate_cb), NULL);
  g_signal_connect (request, "network-event", G_CALLBACK (network_event_cb), NULL);
}

static gboolean
supply_none_cb (gpointer user_data)
{
  soup_message_set_tls_client_certificate (user_data, NULL);

  return G_SOURCE_REMOVE;
}

/* Must be called when the attempt has been cancelled. A handler for `request-certificate` may have
 * returned TRUE without supplying a certificate. libsoup would then ignore the cancellation, and
 * keep the socket and the thread of the handshake until the application supplies a certificate. The
 * thread may also request a certificate only after the cancellation, so the handlers are blocked.
 *
 * The source is needed because the handler may be running now, and may still return FALSE. */
void
hb_certificate_cancel (SoupMessage  *request,
                       GMainContext *context)
{
  guint signal_id = g_signal_lookup ("request-certificate", SOUP_TYPE_MESSAGE);
  GSignalMatchType mask = G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED;
  g_autoptr (GSource) source = NULL;
  gulong handler;

  if (!g_signal_has_handler_pending (request, signal_id, 0, FALSE))
    return;

  while ((handler = g_signal_handler_find (request, mask, signal_id, 0, NULL, NULL, NULL)) != 0)
    g_signal_handler_block (request, handler);

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, supply_none_cb, g_object_ref (request), g_object_unref);
  g_source_set_static_name (source, "[hb] certificate");
  g_source_attach (source, context);
}
