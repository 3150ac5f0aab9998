/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-event-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

typedef struct _HbLink HbLink;

/* HB_EVENT_ACTIVITY precedes the messages and pongs of the same read. HB_EVENT_LOST is emitted at
 * most once and is the last event. No event follows hb_link_drop ().
 *
 * HB_EVENT_ACKNOWLEDGED is emitted only within hb_link_query (), or immediately before
 * HB_EVENT_LOST. */
HbLink                  *hb_link_new                  (guint               serial,
                                                       const HbSettings   *settings,
                                                       SoupMessageHeaders *headers,
                                                       HbEventFunc         func,
                                                       gpointer            user_data);
gboolean                 hb_link_connect              (HbLink             *self,
                                                       SoupSession        *session);
void                     hb_link_apply_settings       (HbLink             *self);
gboolean                 hb_link_may_send             (HbLink             *self);
gboolean                 hb_link_is_direct            (HbLink             *self);
gboolean                 hb_link_send                 (HbLink             *self,
                                                       HbOpcode            opcode,
                                                       GBytes             *bytes,
                                                       HbSpan             *span);
void                     hb_link_ping                 (HbLink             *self,
                                                       HbOpcode            opcode,
                                                       GBytes             *payload);
void                     hb_link_close                (HbLink             *self,
                                                       guint               code,
                                                       const char         *reason);
void                     hb_link_drop                 (HbLink             *self);

/* hb-link-acknowledgements.c */
void                     hb_link_begin_acknowledgements (HbLink           *self);
void                     hb_link_end_acknowledgements (HbLink             *self);
void                     hb_link_query                (HbLink             *self);

/* hb-link.c */
void                     hb_link_set_reading          (HbLink             *self,
                                                       gboolean            is_reading);
guint                    hb_link_get_serial           (HbLink             *self);
SoupMessage             *hb_link_get_request          (HbLink             *self);
SoupWebsocketConnection *hb_link_get_connection       (HbLink             *self);
const char              *hb_link_get_protocol         (HbLink             *self);
gboolean                 hb_link_is_held_up           (HbLink             *self);
gboolean                 hb_link_read_on              (HbLink             *self);
guint64                  hb_link_get_written          (HbLink             *self);
gboolean                 hb_link_has_ended            (HbLink             *self);
gboolean                 hb_link_is_queued            (HbLink             *self);

G_END_DECLS
