/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-event-private.h"

G_BEGIN_DECLS

/* The numbers of events of a channel, or of a part of one */
typedef struct
{
  guint    n_activities;
  guint    n_progresses;
  guint    n_blocked;
  guint    n_writable;
  guint64  written;
  gboolean is_delivering;
} EventCounts;

void event_counts_add (EventCounts   *self,
                       const HbEvent *event);

G_END_DECLS
