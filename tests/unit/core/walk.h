/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dice.h"

G_BEGIN_DECLS

/* A machine with a simulated driver, link, application and network. Dice select what the simulated
 * parts do. An assertion fails if the machine breaks one of its promises. */
typedef struct _Walk Walk;

Walk *walk_new  (Dice *dice);
void  walk_step (Walk *self);
void  walk_free (Walk *self);

G_END_DECLS
