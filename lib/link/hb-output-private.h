/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "hb-event-private.h"
#include "hb-watch-private.h"

G_BEGIN_DECLS

#define HB_TYPE_OUTPUT (hb_output_get_type ())
G_DECLARE_FINAL_TYPE (HbOutput, hb_output, HB, OUTPUT, GOutputStream)

HbOutput *hb_output_new                    (GPollableOutputStream *base,
                                            HbWatch               *watch,
                                            HbEventFunc            func,
                                            gpointer               user_data);
void      hb_output_set_fragment_size      (HbOutput              *self,
                                            gsize                  fragment_size);
gboolean  hb_output_send                   (HbOutput              *self,
                                            HbOpcode               opcode,
                                            GBytes                *payload,
                                            HbSpan                *span);
void      hb_output_run                    (HbOutput              *self,
                                            gboolean               has_room);
void      hb_output_detach                 (HbOutput              *self);
void      hb_output_cork                   (HbOutput              *self);
void      hb_output_uncork                 (HbOutput              *self);
void      hb_output_flush                  (HbOutput              *self);
gboolean  hb_output_is_writable            (HbOutput              *self);
guint64   hb_output_get_written            (HbOutput              *self);
guint64   hb_output_get_frame_end          (HbOutput              *self);
void      hb_output_begin_acknowledgements (HbOutput              *self,
                                            GSocket               *socket,
                                            gboolean               is_direct);
void      hb_output_end_acknowledgements   (HbOutput              *self);
guint64   hb_output_get_acknowledged       (HbOutput              *self,
                                            guint                 *round_trip);
gboolean  hb_output_has_failed             (HbOutput              *self);
GError   *hb_output_dup_error              (HbOutput              *self);

G_END_DECLS
