/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The maximum number of running attempts in one generation of an HbGate (hb-turn.c) */
#define HB_TURN_MAX_AT_ONCE 64

typedef void (* HbTurnFunc) (gpointer user_data);

typedef struct _HbGate HbGate;

/* The turn of an attempt. While the turn has a gate, the attempt waits or runs. A struct of zeros
 * is a valid initial value. */
typedef struct
{
  HbGate     *gate;       /* (nullable) NULL before hb_turn_take () and after hb_turn_end () */
  HbTurnFunc  func;       /* (nullable) NULL unless the attempt waits */
  gpointer    user_data;
  GList       link;       /* in the queue of the gate, while the attempt waits */
  guint       generation; /* of the gate, when the attempt started to run */
} HbTurn;

gboolean hb_turn_take (HbTurn       *self,
                       SoupSession  *session,
                       GMainContext *context,
                       HbTurnFunc    func,
                       gpointer      user_data);
void     hb_turn_end  (HbTurn       *self);

G_END_DECLS
