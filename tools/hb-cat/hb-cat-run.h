/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-cat-options.h"

G_BEGIN_DECLS

#define CAT_STATUS_FAILED 1
#define CAT_STATUS_USAGE  2

int  cat_run         (CatOptions   *options);
void cat_print_usage (const GError *error);

G_END_DECLS
