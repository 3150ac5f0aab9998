/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-settings-private.h"
#include "hb-syntax-private.h"

void
hb_settings_init (HbSettings *self)
{
  *self = (HbSettings) {
    .ping_message = g_strdup (HB_DEFAULT_PING_MESSAGE),
    .max_message_size = HB_DEFAULT_MAX_MESSAGE_SIZE,
    .max_buffered_amount = HB_DEFAULT_MAX_BUFFERED_AMOUNT,
    .ping_timeout = HB_DEFAULT_PING_TIMEOUT,
    .pong_timeout = HB_DEFAULT_PONG_TIMEOUT,
    .reconnect_timeout = HB_DEFAULT_RECONNECT_TIMEOUT,
    .repeat_limit = HB_DEFAULT_REPEAT_LIMIT,
    .min_uptime = HB_DEFAULT_MIN_UPTIME,
    .connect_timeout = HB_DEFAULT_CONNECT_TIMEOUT,
    .close_timeout = HB_DEFAULT_CLOSE_TIMEOUT,
    .network_aware = TRUE,
  };
}

void
hb_settings_clear (HbSettings *self)
{
  g_clear_pointer (&self->uri, g_free);
  g_clear_pointer (&self->protocols, g_strfreev);
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->ping_message, g_free);
  g_clear_pointer (&self->pong_message, g_free);
}

/* Checks whether an attempt can be made with these settings. */
gboolean
hb_settings_check (const HbSettings  *self,
                   GError           **error)
{
  return hb_syntax_check_uri (self->uri, error)
         && hb_settings_check_handshake (self, error);
}

/* Checks whether the settings other than the URI are valid in a request. */
gboolean
hb_settings_check_handshake (const HbSettings  *self,
                             GError           **error)
{
  return hb_syntax_check_protocols ((const char * const *) self->protocols, error)
         && hb_syntax_check_origin (self->origin, error);
}
