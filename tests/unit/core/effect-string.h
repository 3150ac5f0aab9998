/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-effect-private.h"

G_BEGIN_DECLS

char *effect_to_string (const HbEffect   *self);
void  add_word         (GString          *words,
                        const char       *word);
void  add_payload      (GString          *words,
                        const HbOutgoing *message);
char *taken_to_string  (HbDeque          *taken);

G_END_DECLS
