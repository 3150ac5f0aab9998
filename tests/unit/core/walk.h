/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dice.h"

G_BEGIN_DECLS

/* A machine, a driver and a link for it, an application and a network that do as the dice say, and
 * a model of what has to come of it. Whatever is not as the model says fails an assertion. */
typedef struct _Walk Walk;

Walk *walk_new  (Dice *dice);
void  walk_step (Walk *self);
void  walk_free (Walk *self);

G_END_DECLS
