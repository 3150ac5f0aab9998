/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

gboolean echo_page_answer (SoupServerMessage *message,
                           const char        *path);
