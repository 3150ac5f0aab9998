/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-handlers-private.h"
#include "hb-output-private.h"

G_BEGIN_DECLS

#define HB_TYPE_INPUT (hb_input_get_type ())
G_DECLARE_FINAL_TYPE (HbInput, hb_input, HB, INPUT, GInputStream)

HbInput  *hb_input_new                  (GPollableInputStream *base,
                                         gboolean              is_direct,
                                         HbWatch              *watch,
                                         HbOutput             *output,
                                         HbEventFunc           func,
                                         gpointer              user_data);
void      hb_input_set_max_delivery     (HbInput              *self,
                                         gsize                 bytes);
void      hb_input_open_fast_lane       (HbInput              *self,
                                         HbHandlers           *handlers);
void      hb_input_set_max_message_size (HbInput              *self,
                                         guint64               bytes);
void      hb_input_run                  (HbInput              *self,
                                         gboolean              is_readable);
gboolean  hb_input_can_park             (HbInput              *self);
void      hb_input_park                 (HbInput              *self,
                                         GMainContext         *context);
void      hb_input_detach               (HbInput              *self);
void      hb_input_set_reading          (HbInput              *self,
                                         gboolean              is_reading);
gboolean  hb_input_read_on              (HbInput              *self);

G_END_DECLS
