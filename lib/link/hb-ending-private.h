/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-event-private.h"

G_BEGIN_DECLS

typedef struct _HbEnding HbEnding;

typedef void (* HbEndingFunc) (const HbLoss *loss,
                               gpointer      user_data);

HbEnding *hb_ending_new        (SoupWebsocketConnection *connection,
                                GMainContext            *context,
                                HbEndingFunc             func,
                                gpointer                 user_data);
void      hb_ending_free       (HbEnding                *self);
void      hb_ending_on_signal  (HbEnding                *self,
                                guint                    signal_id,
                                const GValue            *values);
void      hb_ending_send_close (HbEnding                *self,
                                guint                    code,
                                const char              *reason);
gboolean  hb_ending_has_begun  (HbEnding                *self);

G_END_DECLS
