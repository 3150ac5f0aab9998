/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-event-private.h"

G_BEGIN_DECLS

#define HB_TYPE_STREAM (hb_stream_get_type ())
G_DECLARE_FINAL_TYPE (HbStream, hb_stream, HB, STREAM, GIOStream)

HbStream *hb_stream_insert               (SoupWebsocketConnection **connection,
                                          GSocket                  *socket,
                                          GMainContext             *context,
                                          HbEventFunc               func,
                                          gpointer                  user_data);
void      hb_stream_set_max_message_size (HbStream                 *self,
                                          guint64                   bytes);
void      hb_stream_detach               (HbStream                 *self);
void      hb_stream_flush                (HbStream                 *self);
gboolean  hb_stream_is_writable          (HbStream                 *self);
gboolean  hb_stream_read_on              (HbStream                 *self);
guint64   hb_stream_get_taken            (HbStream                 *self);
guint64   hb_stream_get_frame_end        (HbStream                 *self);

G_END_DECLS
