/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-event-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

typedef struct _HbAttempt HbAttempt;

/* Called when the attempt ends, with either a connection or a loss.
 *
 * @connection: (transfer full) (nullable)
 * @loss: (nullable) */
typedef void (* HbAttemptFunc) (SoupWebsocketConnection *connection,
                                const HbLoss            *loss,
                                gpointer                 user_data);

/* Called after the request of an attempt has been sent, if the attempt had to wait. */
typedef void (* HbAttemptTurnFunc) (gpointer user_data);

HbAttempt   *hb_attempt_new         (const HbSettings   *settings,
                                     SoupMessageHeaders *headers,
                                     HbAttemptTurnFunc   turn_func,
                                     HbAttemptFunc       func,
                                     gpointer            user_data);
gboolean     hb_attempt_start       (HbAttempt          *self,
                                     SoupSession        *session,
                                     const HbSettings   *settings);
void         hb_attempt_drop        (HbAttempt          *self);
SoupMessage *hb_attempt_get_request (HbAttempt          *self);
gboolean     hb_attempt_is_queued   (HbAttempt          *self);
gboolean     hb_attempt_has_ended   (HbAttempt          *self);

G_END_DECLS
