/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define _(string) (g_dgettext (GETTEXT_PACKAGE, string))

G_END_DECLS
