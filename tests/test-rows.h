/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* Adds a test for each row. The row is the data of the test, and its member `name` ends the
 * path. */
#define test_rows_add(prefix, rows, function) \
  TEST_ROWS_ADD (prefix, rows, g_test_add_data_func (path_, &(rows)[i_], function))
#define test_rows_add_with(prefix, rows, Fixture, set_up, function, tear_down) \
  TEST_ROWS_ADD (prefix, rows, \
                 g_test_add (path_, Fixture, &(rows)[i_], set_up, function, tear_down))

#define TEST_ROWS_ADD(prefix, rows, addition) \
  G_STMT_START { \
    guint i_; \
    for (i_ = 0; i_ < G_N_ELEMENTS (rows); i_++) \
      { \
        g_autofree char *path_ = g_strconcat (prefix, (rows)[i_].name, NULL); \
        addition; \
      } \
  } G_STMT_END
