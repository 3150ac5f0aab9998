/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HbTopology HbTopology;

HbTopology *hb_topology_new   (void);
void        hb_topology_free  (HbTopology *self);
gboolean    hb_topology_take  (HbTopology *self,
                               const void *data,
                               gsize       length);
void        hb_topology_clear (HbTopology *self);

G_END_DECLS
