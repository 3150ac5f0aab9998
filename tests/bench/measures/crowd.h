/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a library does for the commands of crowd.c */
typedef struct
{
  void (*start) (const char *address,
                 int         port);    /* opens a link; @address is static */
  void (*send)  (void);                /* sends a short message on the first link */
  void (*run)   (guint       seconds); /* runs the loop for so long, 0 for until `quit` */
  void (*quit)  (void);
} CrowdFuncs;

int  crowd_main       (const CrowdFuncs *funcs,
                       int               port);
void crowd_on_open    (void);
void crowd_on_message (gboolean          is_of_first);

G_END_DECLS
