/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include <glib/gstdio.h>

#include "certificate.h"

/* Without this option, LeakSanitizer reports the thread-local storage of libraries that are loaded
 * at run time, such as a TLS backend, as leaks. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "intercept_tls_get_addr=0";
}

/* The default database. Its only authority has not signed any server's certificate. With the
 * system's authorities, results would depend on the machine, and glib-networking would warn if none
 * were installed. */
static GTlsDatabase *nobody; /* (nullable) */
static char *nobody_path;    /* (nullable) the file of the authority */

/* (nullable) the file of the authority that certificate_trust () has set */
static char *trusted;

static gboolean
run (const char * const *argv)
{
  int status;

  return argv[0] != NULL
         && g_spawn_sync (NULL, (char **) argv, NULL,
                          G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                          NULL, NULL, NULL, NULL, &status, NULL)
         && g_spawn_check_wait_status (status, NULL);
}

/* @dated: TRUE for a certificate that has expired, FALSE for a valid one */
static gboolean
run_request (const char *openssl,
             const char *key,
             const char *certificate,
             const char *name,
             gboolean    dated)
{
  g_autofree char *extension = g_strconcat ("subjectAltName=", name, NULL);
  g_autofree char *subject = g_strconcat ("/CN=", name, NULL);
  const char *argv[] = {
    openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-subj", subject, "-addext", extension, "-keyout", key, "-out", certificate,
    dated ? "-not_before" : "-days", dated ? "20200101000000Z" : "2",
    dated ? "-not_after" : NULL, "20200102000000Z", NULL,
  };

  return run (argv);
}

/* Makes a self-signed certificate and its key. Before version 3.4, `openssl req` has no options for
 * the dates, so an expired certificate is first made as a valid one, whose dates `openssl x509`
 * then changes. */
static gboolean
run_openssl (const char *key,
             const char *certificate,
             const char *name,
             gboolean    has_expired)
{
  g_autofree char *openssl = g_find_program_in_path ("openssl");
  const char *expire[] = {
    openssl, "x509", "-in", certificate, "-signkey", key, "-days", "-1", "-out", certificate, NULL,
  };

  if (has_expired && run_request (openssl, key, certificate, name, TRUE))
    return TRUE;

  return run_request (openssl, key, certificate, name, FALSE) && (!has_expired || run (expire));
}

static GTlsCertificate *
make_certificate (const char *name,
                  gboolean    has_expired)
{
  g_autofree char *directory = g_dir_make_tmp ("hb-tls-XXXXXX", NULL);
  g_autofree char *key = g_build_filename (directory, "key.pem", NULL);
  g_autofree char *cert = g_build_filename (directory, "cert.pem", NULL);
  GTlsCertificate *made = NULL;

  if (g_tls_backend_supports_tls (g_tls_backend_get_default ())
      && run_openssl (key, cert, name, has_expired))
    made = g_tls_certificate_new_from_files (cert, key, NULL);

  g_remove (key);
  g_remove (cert);
  g_rmdir (directory);

  return made;
}

/* Returns a database whose only authority is @certificate. The caller must keep the file at @path
 * as long as the database, which reads it again when a connection uses the database. */
static GTlsDatabase *
make_database (GTlsCertificate  *certificate,
               char            **path)
{
  g_autofree char *pem = NULL;
  GTlsDatabase *database;
  g_autoptr (GError) error = NULL;
  int fd;

  fd = g_file_open_tmp ("hb-tls-XXXXXX", path, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_object_get (certificate, "certificate-pem", &pem, NULL);
  g_file_set_contents (*path, pem, -1, &error);
  g_assert_no_error (error);
  database = g_tls_file_database_new (*path, &error);
  g_assert_no_error (error);

  return database;
}

static void
forget_nobody (void)
{
  g_remove (nobody_path);
}

static void
trust_nobody (void)
{
  g_autoptr (GTlsCertificate) certificate = make_certificate ("DNS:nobody", FALSE);

  g_assert_nonnull (certificate);
  nobody = make_database (certificate, &nobody_path);
  atexit (forget_nobody);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), nobody);
}

/* Makes a self-signed certificate with its key, because one in the repository would expire. From
 * the first certificate on, this process trusts none of the machine's authorities.
 *
 * @name: the server's address or name in the syntax of openssl, such as IP:127.0.0.1
 *
 * Returns: (transfer full) (nullable): NULL if GIO has no TLS backend, or if openssl is missing or
 *   fails */
GTlsCertificate *
certificate_new_for (const char *name,
                     gboolean    has_expired)
{
  GTlsCertificate *made = make_certificate (name, has_expired);

  if (made != NULL && nobody == NULL)
    trust_nobody ();

  return made;
}

/* Returns: (transfer none) (nullable): a certificate for servers at 127.0.0.1, the same on every
 *   call */
GTlsCertificate *
certificate_get (void)
{
  static GTlsCertificate *certificate;
  static gboolean was_made;

  if (!was_made)
    certificate = certificate_new_for ("IP:127.0.0.1", FALSE);
  was_made = TRUE;

  return certificate;
}

/* If @certificate is NULL, skips the test and returns FALSE. */
gboolean
certificate_exists (GTlsCertificate *certificate)
{
  if (certificate == NULL)
    g_test_skip ("needs a TLS backend of GIO, and openssl to make a certificate");

  return certificate != NULL;
}

/* Makes @certificate the process's only authority, until certificate_distrust () is called. */
void
certificate_trust (GTlsCertificate *certificate)
{
  g_autoptr (GTlsDatabase) database = NULL;

  g_assert_null (trusted);
  database = make_database (certificate, &trusted);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

void
certificate_distrust (void)
{
  g_tls_backend_set_default_database (g_tls_backend_get_default (), nobody);
  g_remove (trusted);
  g_clear_pointer (&trusted, g_free);
}

static void
remove_file (gpointer path)
{
  g_remove (path);
  g_free (path);
}

/* Returns: (transfer full): a session that trusts only @certificate */
SoupSession *
certificate_make_session (GTlsCertificate *certificate)
{
  SoupSession *session = soup_session_new ();
  g_autoptr (GTlsDatabase) database = NULL;
  char *path;

  database = make_database (certificate, &path);
  soup_session_set_tls_database (session, database);
  g_object_set_data_full (G_OBJECT (session), "certificate", path, remove_file);

  return session;
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

/* Makes @task accept @certificate, even if it has expired or no authority has signed it. */
void
certificate_accept (HbWebsocketTask *task,
                    GTlsCertificate *certificate)
{
  g_signal_connect_object (task, "connecting", G_CALLBACK (connecting_cb), certificate,
                           G_CONNECT_DEFAULT);
}
