/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The output of messages and JSON, to the command of --exec or to standard output */

#include "config.h"

#include <stdio.h>

#include "hb-cat-output.h"

gboolean
cat_output_write (const CatOptions *options,
                  const char       *data,
                  gsize             size)
{
  if (options->exec == NULL)
    return size == 0 || fwrite (data, size, 1, stdout) == 1;

  cat_exec_write (options->exec, data, size);
  return TRUE;
}

gboolean
cat_output_flush (const CatOptions *options)
{
  return options->exec != NULL || fflush (stdout) == 0;
}
