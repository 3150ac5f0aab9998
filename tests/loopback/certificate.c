/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gstdio.h>

#include "certificate.h"

/* LeakSanitizer, where it is built in, stumbles over thread-local storage of libraries that are
 * loaded at run time, as a TLS backend is: its flag for that. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "intercept_tls_get_addr=0";
}

/* (nullable) the file of whom this process trusts */
static char *trusted;

static gboolean
run_openssl (const char *key,
             const char *certificate)
{
  g_autofree char *openssl = g_find_program_in_path ("openssl");
  const char *argv[] = {
    openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
    "-keyout", key, "-out", certificate, NULL,
  };

  return openssl != NULL
         && g_spawn_sync (NULL, (char **) argv, NULL,
                          G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                          NULL, NULL, NULL, NULL, NULL, NULL);
}

/* Signed by nobody, for 127.0.0.1, with its key. Made for this run: one in the repository would
 * expire some day.
 *
 * Returns: (nullable): NULL where there is no TLS backend of GIO, or no openssl */
GTlsCertificate *
certificate_new (void)
{
  g_autofree char *directory = g_dir_make_tmp ("hb-tls-XXXXXX", NULL);
  g_autofree char *key = g_build_filename (directory, "key.pem", NULL);
  g_autofree char *cert = g_build_filename (directory, "cert.pem", NULL);
  GTlsCertificate *made = NULL;

  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()) && run_openssl (key, cert))
    made = g_tls_certificate_new_from_files (cert, key, NULL);

  g_remove (key);
  g_remove (cert);
  g_rmdir (directory);

  return made;
}

/* Makes this certificate the one authority that this process trusts, until certificate_distrust ().
 * The system's are many, and are read anew for each connection. */
void
certificate_trust (GTlsCertificate *certificate)
{
  g_autofree char *pem = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  g_assert_null (trusted);
  fd = g_file_open_tmp ("hb-tls-XXXXXX", &trusted, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_object_get (certificate, "certificate-pem", &pem, NULL);
  g_file_set_contents (trusted, pem, -1, &error);
  g_assert_no_error (error);
  database = g_tls_file_database_new (trusted, &error);
  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

void
certificate_distrust (void)
{
  g_tls_backend_set_default_database (g_tls_backend_get_default (), NULL);
  g_remove (trusted);
  g_clear_pointer (&trusted, g_free);
}

static gboolean
accept_cb (SoupMessage          *message,
           GTlsCertificate      *peer,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return g_tls_certificate_is_same (peer, user_data);
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               gpointer         certificate)
{
  g_signal_connect_object (message, "accept-certificate", G_CALLBACK (accept_cb), certificate,
                           G_CONNECT_DEFAULT);
}

/* Lets @task accept @certificate, and no other that it would refuse. */
void
certificate_accept (HbWebsocketTask *task,
                    GTlsCertificate *certificate)
{
  g_signal_connect_object (task, "connecting", G_CALLBACK (connecting_cb), certificate,
                           G_CONNECT_DEFAULT);
}
