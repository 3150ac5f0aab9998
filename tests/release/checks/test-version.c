/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <hb-websocket.h>

static void
test_same (void)
{
  g_autofree char *text = NULL;

  g_test_summary ("The library has the version of the headers");

  g_assert_cmpuint (hb_get_major_version (), ==, HB_MAJOR_VERSION);
  g_assert_cmpuint (hb_get_minor_version (), ==, HB_MINOR_VERSION);
  g_assert_cmpuint (hb_get_micro_version (), ==, HB_MICRO_VERSION);

  text = g_strdup_printf ("%d.%d.%d", HB_MAJOR_VERSION, HB_MINOR_VERSION, HB_MICRO_VERSION);
  g_assert_cmpstr (text, ==, HB_VERSION_S);
}

static void
test_check (void)
{
  static const struct
  {
    int      major;
    int      minor;
    int      micro;
    gboolean reached;    /* whether the headers have this version or a newer one */
    gboolean compatible; /* whether a program for this version runs with the library */
  } cases[] = {
    { HB_MAJOR_VERSION, HB_MINOR_VERSION, HB_MICRO_VERSION, TRUE, TRUE },
    { HB_MAJOR_VERSION, 0, 0, TRUE, TRUE },
    { HB_MAJOR_VERSION, HB_MINOR_VERSION, HB_MICRO_VERSION + 1, FALSE, FALSE },
    { HB_MAJOR_VERSION, HB_MINOR_VERSION + 1, 0, FALSE, FALSE },
    { HB_MAJOR_VERSION + 1, 0, 0, FALSE, FALSE },
    { HB_MAJOR_VERSION - 1, HB_MINOR_VERSION + 1, HB_MICRO_VERSION + 1, TRUE, FALSE },
  };
  const char *reason;
  guint i;

  g_test_summary ("A program can compare versions when it is compiled and when it runs");

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpint (HB_CHECK_VERSION (cases[i].major, cases[i].minor, cases[i].micro), ==,
                       cases[i].reached);

      reason = hb_check_version (cases[i].major, cases[i].minor, cases[i].micro);
      if (cases[i].compatible)
        g_assert_cmpstr (reason, ==, NULL);
      else
        g_assert_nonnull (reason);
    }

  g_assert_nonnull (strstr (hb_check_version (HB_MAJOR_VERSION - 1, 0, 0), "too new"));
  g_assert_nonnull (strstr (hb_check_version (HB_MAJOR_VERSION + 1, 0, 0), "too old"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/version/same", test_same);
  g_test_add_func ("/version/check", test_check);

  return g_test_run ();
}
