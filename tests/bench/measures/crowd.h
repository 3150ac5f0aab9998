/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The functions with which a program carries out the commands of crowd.c. The program must open
 * each lost connection again, call crowd_on_open () when a connection is open, and call
 * crowd_on_message () for each received message. */
typedef struct
{
  void (*start) (const char *address,
                 int         port);    /* begins to open a connection; @address is static */
  void (*send)  (void);                /* sends a short message on the first connection */
  void (*run)   (guint       seconds); /* runs the loop for @seconds, or until quit () if 0 */
  void (*quit)  (void);
} CrowdFuncs;

int  crowd_main       (const CrowdFuncs *funcs,
                       int               port);
void crowd_on_open    (void);
void crowd_on_message (gboolean          is_of_first);

G_END_DECLS
