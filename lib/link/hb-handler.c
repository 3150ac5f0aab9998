/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-handler-private.h"

void
hb_handler_set_blocked (HbHandler *self,
                        gboolean   is_blocked)
{
  if (self == NULL)
    return;

  if (is_blocked)
    g_signal_handler_block (self->instance, self->id);
  else
    g_signal_handler_unblock (self->instance, self->id);
}

/* Returns whether the signal has other handlers. Call it only while the handler is blocked. */
gboolean
hb_handler_has_others (HbHandler *self)
{
  return self != NULL
         && g_signal_has_handler_pending (self->instance, self->signal_id, 0, FALSE);
}
