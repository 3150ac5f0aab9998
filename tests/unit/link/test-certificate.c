/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-certificate-private.h"
#include "hb-refusal-private.h"
#include "test-rows.h"

/* A TLS connection whose certificate has the errors that a test sets */
typedef struct
{
  GTlsConnection       parent_instance;
  GTlsCertificateFlags errors;
  gboolean             is_resumable;
} FakeTls;

typedef GTlsConnectionClass FakeTlsClass;

static GType fake_tls_get_type (void);

G_DEFINE_TYPE (FakeTls, fake_tls, G_TYPE_TLS_CONNECTION)

static void
fake_tls_get_property (GObject    *object,
                       guint       id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  if (strcmp (pspec->name, "peer-certificate-errors") == 0)
    g_value_set_flags (value, ((FakeTls *) object)->errors);
}

static void
fake_tls_set_property (GObject      *object,
                       guint         id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  if (strcmp (pspec->name, "session-resumption-enabled") == 0)
    ((FakeTls *) object)->is_resumable = g_value_get_boolean (value);
}

static gboolean
fake_tls_close (GIOStream     *stream,
                GCancellable  *cancellable,
                GError       **error)
{
  return TRUE;
}

static void
fake_tls_class_init (FakeTlsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  guint n_properties;
  g_autofree GParamSpec **properties = g_object_class_list_properties (object_class, &n_properties);
  guint i;

  object_class->get_property = fake_tls_get_property;
  object_class->set_property = fake_tls_set_property;
  G_IO_STREAM_CLASS (klass)->close_fn = fake_tls_close;

  /* GIO prints a warning if the parent class gets or sets one of these properties. */
  for (i = 0; i < n_properties; i++)
    g_object_class_override_property (object_class, i + 1, properties[i]->name);

  g_object_class_install_property (object_class, n_properties + 1,
                                   g_param_spec_boolean ("session-resumption-enabled", NULL, NULL,
                                                         TRUE, G_PARAM_WRITABLE));
}

static void
fake_tls_init (FakeTls *self)
{
  self->is_resumable = TRUE;
}

typedef struct
{
  FakeTls      *tls;
  SoupMessage  *request;
  GCancellable *cancellable;
  guint         n_asked;
  gboolean      accepts;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->tls = g_object_new (fake_tls_get_type (), NULL);
  fixture->request = soup_message_new (SOUP_METHOD_GET, "wss://example.com/");
  fixture->cancellable = g_cancellable_new ();
  hb_refusal_prepare (fixture->request, fixture->cancellable);
  hb_certificate_guard (fixture->request);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->request);
  g_assert_finalize_object (fixture->cancellable);
  g_assert_finalize_object (fixture->tls);
}

static void
emit (Fixture            *fixture,
      GSocketClientEvent  event)
{
  g_signal_emit_by_name (fixture->request, "network-event", event, fixture->tls);
}

static gboolean
accept_certificate_cb (SoupMessage          *request,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       gpointer              user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmphex (errors, ==, fixture->tls->errors);
  fixture->n_asked++;

  return fixture->accepts;
}

static void
connect_application (Fixture  *fixture,
                     gboolean  accepts)
{
  fixture->accepts = accepts;
  g_signal_connect (fixture->request, "accept-certificate", G_CALLBACK (accept_certificate_cb),
                    fixture);
}

static void
resume (Fixture              *fixture,
        GTlsCertificateFlags  errors)
{
  fixture->tls->errors = errors;
  emit (fixture, G_SOCKET_CLIENT_TLS_HANDSHAKING);
  emit (fixture, G_SOCKET_CLIENT_TLS_HANDSHAKED);
}

static void
assert_accepted (Fixture *fixture,
                 guint    n_asked)
{
  g_assert_cmpuint (fixture->n_asked, ==, n_asked);
  g_assert_false (g_cancellable_is_cancelled (fixture->cancellable));
  g_assert_null (hb_refusal_get_reason (fixture->request));
}

static void
assert_refused (Fixture *fixture,
                guint    n_asked)
{
  g_assert_cmpuint (fixture->n_asked, ==, n_asked);
  g_assert_true (g_cancellable_is_cancelled (fixture->cancellable));
  g_assert_error (hb_refusal_get_reason (fixture->request),
                  G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

/* The resumption of a TLS session, and its outcome */
typedef struct
{
  const char           *name;
  GTlsCertificateFlags  errors;
  gboolean              is_heard; /* whether the application has a handler */
  gboolean              accepts;  /* what the handler returns */
  guint                 n_asked;
  void                (*assert_outcome) (Fixture *fixture,
                                         guint    n_asked);
} Resumption;

static const Resumption resumptions[] = {
  { "valid", 0, TRUE, FALSE, 0, assert_accepted },
  { "unheard", G_TLS_CERTIFICATE_UNKNOWN_CA, FALSE, FALSE, 0, assert_refused },
  { "refused", G_TLS_CERTIFICATE_EXPIRED, TRUE, FALSE, 1, assert_refused },
  { "accepted", G_TLS_CERTIFICATE_EXPIRED, TRUE, TRUE, 1, assert_accepted },
};

static void
test_resumption (Fixture       *fixture,
                 gconstpointer  data)
{
  const Resumption *row = data;

  if (row->is_heard)
    connect_application (fixture, row->accepts);
  resume (fixture, row->errors);
  row->assert_outcome (fixture, row->n_asked);
}

/* In a full handshake, libsoup asks the application, so the library does not ask again. After a
 * redirect, the next connection may resume a TLS session, and then the library asks. */
static void
test_full_handshake (Fixture       *fixture,
                     gconstpointer  data)
{
  gboolean is_accepted = FALSE;

  connect_application (fixture, TRUE);
  fixture->tls->errors = G_TLS_CERTIFICATE_UNKNOWN_CA;
  emit (fixture, G_SOCKET_CLIENT_TLS_HANDSHAKING);
  g_signal_emit_by_name (fixture->request, "accept-certificate", NULL, fixture->tls->errors,
                         &is_accepted);
  g_assert_true (is_accepted);
  emit (fixture, G_SOCKET_CLIENT_TLS_HANDSHAKED);
  assert_accepted (fixture, 1);

  fixture->accepts = FALSE;
  resume (fixture, G_TLS_CERTIFICATE_UNKNOWN_CA);
  assert_refused (fixture, 2);
}

static gboolean
request_certificate_cb (SoupMessage          *request,
                        GTlsClientConnection *connection,
                        gpointer              user_data)
{
  return FALSE;
}

static void
test_client_certificate (Fixture       *fixture,
                         gconstpointer  data)
{
  resume (fixture, 0);
  g_assert_true (fixture->tls->is_resumable);

  g_signal_connect (fixture->request, "request-certificate", G_CALLBACK (request_certificate_cb),
                    NULL);
  resume (fixture, 0);
  g_assert_false (fixture->tls->is_resumable);
}

#define ADD(name, function) \
  g_test_add ("/link/certificate/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("When a TLS session is resumed, a certificate with errors is refused, unless the "
                  "application accepts it");

  test_rows_add_with ("/link/certificate/", resumptions, Fixture, set_up, test_resumption,
                      tear_down);
  ADD ("full-handshake", test_full_handshake);
  ADD ("client-certificate", test_client_certificate);

  return g_test_run ();
}
