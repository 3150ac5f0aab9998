/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

const gboolean has_stream = TRUE;
const gboolean is_exposed = TRUE;

gboolean __wrap_g_signal_has_handler_pending (gpointer instance,
                                              guint    signal_id,
                                              GQuark   detail,
                                              gboolean may_be_blocked);

/* Replaces GLib's function through the linker's option --wrap. The application then seems to handle
 * libsoup's `message` on each connection, so each message passes through libsoup. */
gboolean
__wrap_g_signal_has_handler_pending (gpointer instance,
                                     guint    signal_id,
                                     GQuark   detail,
                                     gboolean may_be_blocked)
{
  return TRUE;
}
