/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-event-private.h"

G_BEGIN_DECLS

/* The numbers of events that a channel, or its output alone, has emitted */
typedef struct
{
  guint    n_activities;
  guint    n_progresses;
  guint    n_blocked;
  guint    n_writable;
  guint64  written;       /* as in the last HB_EVENT_PROGRESS */
  gboolean is_delivering; /* between HB_EVENT_DELIVERY and HB_EVENT_DELIVERED */
} EventCounts;

void event_counts_add (EventCounts   *self,
                       const HbEvent *event);

G_END_DECLS
