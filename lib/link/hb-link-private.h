/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-machine-private.h"

G_BEGIN_DECLS

typedef struct _HbLink HbLink;

/* What a link tells. `life` comes before the messages and pongs that come of it, but need not come
 * for each. `lost` comes at most once, and nothing after it; nothing at all comes after
 * hb_link_drop (). */
typedef struct
{
  void (*opened)   (HbLink       *link,
                    gpointer      user_data);
  void (*message)  (HbLink       *link,
                    HbOpcode      opcode,
                    GBytes       *bytes,
                    gpointer      user_data);
  void (*pong)     (HbLink       *link,
                    gpointer      user_data);
  void (*life)     (HbLink       *link,
                    gpointer      user_data);
  void (*written)  (HbLink       *link,
                    guint         n_messages,
                    gpointer      user_data);
  void (*blocked)  (HbLink       *link,
                    gpointer      user_data);
  void (*writable) (HbLink       *link,
                    gpointer      user_data);
  void (*lost)     (HbLink       *link,
                    const HbLoss *loss,
                    gpointer      user_data);
} HbLinkFuncs;

HbLink                  *hb_link_new                  (guint               serial,
                                                       const HbSettings   *settings,
                                                       SoupMessageHeaders *headers,
                                                       const HbLinkFuncs  *funcs,
                                                       gpointer            user_data);
void                     hb_link_connect              (HbLink             *self,
                                                       SoupSession        *session,
                                                       const HbSettings   *settings);
gboolean                 hb_link_is_writable          (HbLink             *self);
void                     hb_link_send                 (HbLink             *self,
                                                       HbOpcode            opcode,
                                                       GBytes             *bytes);
void                     hb_link_ping                 (HbLink             *self,
                                                       HbHeartbeatMode     mode,
                                                       const char         *text);
void                     hb_link_close                (HbLink             *self,
                                                       guint               code,
                                                       const char         *reason);
void                     hb_link_drop                 (HbLink             *self);

void                     hb_link_set_max_message_size (HbLink             *self,
                                                       guint64             bytes);
guint                    hb_link_get_serial           (HbLink             *self);
SoupMessage             *hb_link_get_request          (HbLink             *self);
SoupWebsocketConnection *hb_link_get_connection       (HbLink             *self);
const char              *hb_link_get_protocol         (HbLink             *self);
gboolean                 hb_link_is_held_up           (HbLink             *self);
gboolean                 hb_link_read_on              (HbLink             *self);
gboolean                 hb_link_has_ended            (HbLink             *self);
gboolean                 hb_link_is_queued            (HbLink             *self);

G_END_DECLS
