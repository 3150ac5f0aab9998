/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Two hosts and a cable, in network namespaces of this process. The task runs on the host "near",
 * in this thread's namespace. The server listens on the host "far", to which a default route leads.
 *
 *   near  192.0.2.1 ------ 192.0.2.2  far
 *                          198.51.100.1
 */
typedef enum {
  NETWORK_NEAR,
  NETWORK_FAR,
} NetworkSide;

#define NETWORK_SERVER "198.51.100.1"

void  network_init    (void);
void  network_go      (NetworkSide  side);
void  network_run     (NetworkSide  side,
                       const char  *command);
void  network_filter  (NetworkSide  side,
                       const char  *rule);
void  network_restore (void);

G_END_DECLS
