/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-machine-private.h"

G_BEGIN_DECLS

/* These functions use the serial of the machine's current link. */
void     handle_event        (HbMachine    *machine,
                              gint64        now,
                              HbEventKind   kind);
void     handle_message      (HbMachine    *machine,
                              gint64        now,
                              HbOpcode      opcode,
                              GBytes       *bytes);
void     handle_judged       (HbMachine    *machine,
                              gint64        now,
                              HbOpcode      opcode,
                              GBytes       *bytes,
                              HbReply       reply);
gboolean deliver_message     (HbMachine    *machine,
                              gint64        now,
                              HbOpcode      opcode,
                              GBytes       *bytes,
                              HbReply       reply);
void     handle_sent         (HbMachine    *machine,
                              gint64        now,
                              const HbSpan *span);
void     handle_progress     (HbMachine    *machine,
                              gint64        now,
                              guint64       written);
void     handle_opened       (HbMachine    *machine,
                              gint64        now,
                              gboolean      can_acknowledge,
                              guint         round_trip);
void     handle_acknowledged (HbMachine    *machine,
                              gint64        now,
                              guint64       position,
                              guint         round_trip);
void     handle_lost         (HbMachine    *machine,
                              gint64        now,
                              const HbLoss *loss);
void     handle_tick         (HbMachine    *machine,
                              gint64        now,
                              HbReading     reading);

G_END_DECLS
