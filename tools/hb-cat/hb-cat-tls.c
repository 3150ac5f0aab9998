/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>

#include "hb-cat-i18n.h"
#include "hb-cat-tls.h"
#include "hb-cat-values.h"

/* libsoup calls this function each time a server sends a certificate that is not valid, but one
 * warning is enough. */
static gboolean
accept_cb (SoupMessage          *message,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  static gboolean is_told = FALSE;
  g_autofree char *flags = g_flags_to_string (G_TYPE_TLS_CERTIFICATE_FLAGS, errors);

  if (!is_told)
    fprintf (stderr, _("hb-cat: warning: the certificate of the server is not valid, and "
                       "is accepted because of --insecure (%s)\n"), flags);
  is_told = TRUE;

  return TRUE;
}

static void
on_connecting (CatOptions  *options,
               SoupMessage *message)
{
  if (options->certificate != NULL)
    soup_message_set_tls_client_certificate (message, options->certificate);

  if (options->insecure)
    g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_cb), NULL);
}

/* With a relative path, GIO's database trusts no authority. */
static gboolean
set_authorities (CatOptions  *options,
                 GError     **error)
{
  g_autofree char *path = g_canonicalize_filename (options->ca_file, NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, error);

  if (database == NULL)
    {
      g_prefix_error (error, "--ca-file: ");
      return FALSE;
    }

  soup_session_set_tls_database (options->session, database);
  return TRUE;
}

static gboolean
set_certificate (CatOptions  *options,
                 GError     **error)
{
  const char *key_file = options->key_file != NULL ? options->key_file : options->cert_file;

  options->certificate = g_tls_certificate_new_from_files (options->cert_file, key_file, error);
  if (options->certificate == NULL)
    {
      g_prefix_error (error, "--cert: ");
      return FALSE;
    }

  return TRUE;
}

gboolean
cat_tls_set_up (CatOptions  *options,
                GError     **error)
{
  if (options->insecure && options->ca_file != NULL)
    return cat_fail (error, _("--insecure and --ca-file cannot be used together"));

  if (options->key_file != NULL && options->cert_file == NULL)
    return cat_fail (error, _("--key needs --cert"));

  if (options->ca_file != NULL && !set_authorities (options, error))
    return FALSE;

  if (options->cert_file != NULL && !set_certificate (options, error))
    return FALSE;

  g_signal_connect_swapped (options->task, "connecting", G_CALLBACK (on_connecting), options);

  return TRUE;
}
