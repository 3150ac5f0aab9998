/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Replaces the process's resolver. Every name then resolves to the IPv4 address that the test set
 * last, if any, and has no IPv6 address. Only asynchronous lookups work. */
void  names_install       (void);
void  names_set_address   (const char *address);
guint names_get_n_lookups (void);

G_END_DECLS
