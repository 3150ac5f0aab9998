/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The memory, descriptors and sources of this process */
typedef struct
{
  gint64 resident;      /* bytes */
  gint64 in_use;        /* bytes in use on the heap */
  gint64 n_descriptors;
  gint64 n_sources;     /* of the default main context */
} SoakReading;

typedef struct _SoakMeter SoakMeter;

SoakMeter  *soak_meter_new  (void);
void        soak_meter_free (SoakMeter   *self);
void        soak_meter_read (SoakMeter   *self,
                             SoakReading *reading);

G_END_DECLS
