/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-cat-options.h"

G_BEGIN_DECLS

/* Any of these functions may be NULL. Each returns FALSE and sets errno if it cannot write to
 * standard output. @delay is in milliseconds, and @latency in microseconds. */
typedef struct
{
  gboolean (*state)       (const CatOptions      *options,
                           HbState                state);
  gboolean (*open)        (const CatOptions      *options,
                           gboolean               again,
                           guint                  n_queued);
  gboolean (*ready)       (const CatOptions      *options,
                           guint                  n_queued);
  gboolean (*message)     (const CatOptions      *options,
                           SoupWebsocketDataType  type,
                           GBytes                *message);
  gboolean (*close)       (const CatOptions      *options,
                           guint                  code,
                           const char            *reason);
  gboolean (*error)       (const CatOptions      *options,
                           const GError          *error);
  gboolean (*reconnect)   (const CatOptions      *options,
                           guint                  attempt,
                           guint                  delay);
  gboolean (*latency)     (const CatOptions      *options,
                           gint64                 latency);
  gboolean (*queued)      (const CatOptions      *options,
                           guint                  n_queued);
  gboolean (*drain)       (const CatOptions      *options,
                           guint                  n_backlog);
  gboolean (*unsent)      (const CatOptions      *options,
                           const GError          *error);
  gboolean (*interrupted) (const CatOptions      *options,
                           guint                  n_queued);
} CatReporter;

extern const CatReporter cat_reporter_text;
extern const CatReporter cat_reporter_json;

G_END_DECLS
