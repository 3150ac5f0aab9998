/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <libintl.h>

#include "hb-i18n-private.h"

/* A library has no main () in which to bind its text domain. */
static void
bind_domain (void)
{
  static gsize bound = 0;

  if (g_once_init_enter (&bound))
    {
      bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
      bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
      g_once_init_leave (&bound, 1);
    }
}

const char *
hb_gettext (const char *string)
{
  bind_domain ();

  return g_dgettext (GETTEXT_PACKAGE, string);
}

const char *
hb_ngettext (const char *single,
             const char *plural,
             gulong      n)
{
  bind_domain ();

  return g_dngettext (GETTEXT_PACKAGE, single, plural, n);
}
