/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <libintl.h>

#include "monitor-application.h"

int
main (int    argc,
      char **argv)
{
  g_autoptr (MonitorApplication) application = NULL;

  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  application = monitor_application_new ();

  return g_application_run (G_APPLICATION (application), argc, argv);
}
