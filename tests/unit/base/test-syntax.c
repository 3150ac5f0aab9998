/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-syntax-private.h"

/* A value that must be refused, and a part of the error message */
typedef struct
{
  const char *value;
  const char *says;
} Bad;

static void
assert_refused (gboolean      accepted,
                const GError *error,
                HbError       code,
                const char   *value,
                const char   *says)
{
  if (accepted)
    g_test_message ("“%s” was accepted", value);

  g_assert_false (accepted);
  g_assert_error (error, HB_ERROR, (int) code);

  if (strstr (error->message, says) == NULL)
    g_test_message ("“%s” does not contain “%s”", error->message, says);

  g_assert_nonnull (strstr (error->message, says));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_uri_good (void)
{
  static const char * const uris[] = {
    "ws://example.com",
    "wss://example.com",
    "WSS://EXAMPLE.COM/",
    "ws://example.com:8080/path/to?query=1&other=%23",
    "ws://example.com:65535",
    "ws://user:password@example.com/",
    "ws://127.0.0.1/",
    "ws://[::1]:9000/",
    "ws://localhost",
    "ws://xn--bcher-kva.example/",
    "ws://bücher.example/",
    "ws://example.com/bücher",
    "ws://example.com/a b",
    "ws://example.com/?",
  };
  gsize i;

  g_test_summary ("WebSocket URIs are accepted, even with a space in the path or with non-ASCII "
                  "characters");

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_uri (uris[i], &error);

      if (!accepted)
        g_test_message ("“%s” was refused", uris[i]);
      g_assert_no_error (error);
      g_assert_true (accepted);
    }
}

static void
test_uri_bad (void)
{
  static const Bad uris[] = {
    { NULL, "is missing" },
    { "", "begin" },
    { "example.com", "begin" },
    { "ws://example.com/\xff", "UTF-8" },
    { "/path", "begin" },
    { "//example.com/", "begin" },
    { " ws://example.com/", "begin" },
    { "ws://example.com:65536/", "port" },
    { "ws://example.com:port/", "port" },
    { "ws://[::1/", "host" },
    { "ws://example.com/%zz", "path" },
    { "ws://%zz.example.com/", "host" },
    { "ws://user%00:password@example.com/", "user name" },
    { "http://example.com/", "“http”" },
    { "https://example.com/", "“https”" },
    { "wsx://example.com/", "“wsx”" },
    { "ws:///path", "host" },
    { "ws://:80/", "host" },
    { "ws:path", "host" },
    { "ws://", "host" },
    { "ws://exam ple.com/", "host" },
    { "ws://example.com\r\nX-Header: value/", "line break" },
    { "ws://example.com/path\n", "line break" },
    { "ws://example.com/?a=\tb", "control character" },
    { "ws://example.com/path ", "ends with a space" },
    { "ws://example.com%0d%0aX-Header:%20value/", "host" },
    { "ws://example.com/#fragment", "fragment" },
    { "ws://example.com/#", "fragment" },
    { "wss://example.com/?query#fragment", "%23" },
  };
  gsize i;

  g_test_summary ("Invalid URIs, URIs with another scheme and a missing URI are refused, and the "
                  "error message gives the reason");

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_uri (uris[i].value, &error);

      assert_refused (accepted, error, HB_ERROR_INVALID_URI, uris[i].value, uris[i].says);
    }
}

static void
test_uri_secrets (void)
{
  static const char * const uris[] = {
    "http://alice:secret@example.com/?token=hidden",
    "alice:secret@example.com/?token=hidden",
    "alice:secret@ws://example.com/?token=hidden",
    "ws://alice:secret@/?token=hidden",
    "ws://alice:secret@example.com/?token=hidden#fragment",
    "ws://alice:secret@example.com:port/?token=hidden",
    "ws://alice:secret@exam ple.com/?token=hidden",
    "ws://alice:secret%zz@example.com/?token=hidden",
    "ws://alice:secret@[::1/?token=hidden",
    "ws://alice:secret@example.com/?token=hidden%zz",
    "ws:alice:secret@example.com/?token=hidden",
  };
  gsize i;

  g_test_summary ("No error message about a URI contains its user name, password or query");

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (hb_syntax_check_uri (uris[i], &error));
      if (strstr (error->message, "alice") != NULL)
        g_test_message ("“%s”: “%s”", uris[i], error->message);
      g_assert_null (strstr (error->message, "alice"));
      g_assert_null (strstr (error->message, "secret"));
      g_assert_null (strstr (error->message, "hidden"));
    }
}

static void
test_protocols_good (void)
{
  static const char * const none[] = { NULL };
  static const char * const one[] = { "chat", NULL };
  static const char * const many[] = {
    "v1.example.com",
    "chat",
    "Chat",
    "!#$%&'*+-.^_`|~09azAZ",
    NULL,
  };
  static const char * const * const lists[] = { NULL, none, one, many };
  gsize i;

  g_test_summary ("Subprotocols that are tokens are accepted, and so is an empty list");

  for (i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_protocols (lists[i], &error);

      g_assert_no_error (error);
      g_assert_true (accepted);
    }
}

static void
test_protocols_bad (void)
{
  static const Bad protocols[] = {
    { "", "“”" },
    { "super chat", "“super chat”" },
    { "a,b", "“a,b”" },
    { "a/b", "“a/b”" },
    { "a;b", "“a;b”" },
    { "\"a\"", "not a token" },
    { "a\tb", "“a\\tb”" },
    { "a\r\nX: y", "“a\\r\\nX: y”" },
    { "grüezi", "not a token" },
    { "\xff", "not a token" },
    { "a\x7f", "not a token" },
  };
  gsize i;

  g_test_summary ("A subprotocol that is not a token is refused, and the error message names it "
                  "and gives the reason");

  for (i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      const char *list[] = { "fine", protocols[i].value, NULL };
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_protocols (list, &error);

      assert_refused (accepted, error, HB_ERROR_INVALID_ARGUMENT,
                      protocols[i].value, protocols[i].says);
    }
}

static void
test_protocols_twice (void)
{
  static const char * const protocols[] = { "chat", "other", "chat", NULL };
  g_autoptr (GError) error = NULL;
  gboolean accepted = hb_syntax_check_protocols (protocols, &error);

  g_test_summary ("A subprotocol that is offered twice is refused, even if another one is between "
                  "the two");

  assert_refused (accepted, error, HB_ERROR_INVALID_ARGUMENT, "chat", "“chat” is offered twice");
}

static void
test_origin_good (void)
{
  static const char * const origins[] = {
    NULL,
    "",
    "null",
    "https://example.com",
    "https://example.com:8443",
    "https://a.example https://b.example",
  };
  gsize i;

  g_test_summary ("Origins that can be the value of a header are accepted");

  for (i = 0; i < G_N_ELEMENTS (origins); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_origin (origins[i], &error);

      g_assert_no_error (error);
      g_assert_true (accepted);
    }
}

static void
test_origin_bad (void)
{
  static const Bad origins[] = {
    { "https://example.com\r\nX: y", "“https://example.com\\r\\nX: y”" },
    { "https://example.com\n", "“https://example.com\\n”" },
    { "https://bücher.example", "visible ASCII" },
    { "\t", "“\\t”" },
    { "\x7f", "visible ASCII" },
    { "\xff", "visible ASCII" },
  };
  gsize i;

  g_test_summary ("An origin that cannot be the value of a header is refused, and the error "
                  "message quotes the origin");

  for (i = 0; i < G_N_ELEMENTS (origins); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_origin (origins[i].value, &error);

      assert_refused (accepted, error, HB_ERROR_INVALID_ARGUMENT,
                      origins[i].value, origins[i].says);
    }
}

static void
test_close_codes (void)
{
  guint code;

  g_test_summary ("A close code that libsoup refuses, or that needs more than 16 bits, is refused "
                  "with an error that names the code. 0 and 1005 stand for no code. Any other code "
                  "that a client must not send is replaced with 1002. In these two cases, the "
                  "reason is dropped.");

  for (code = 0; code <= 66000; code++)
    {
      gboolean allowed = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1010)
                         || (code >= 3000 && code <= 4999);
      gboolean refused = code == 1006 || code == 1011 || code == 1015 || code > 65535;
      guint expected = allowed ? code : code == 0 || code == 1005 ? 1005 : 1002;
      g_autofree char *says = g_strdup_printf ("code %u:", code);
      g_autofree char *reason = g_strdup ("why");
      g_autoptr (GError) error = NULL;
      guint made = code;
      gboolean accepted = hb_syntax_make_close (&made, &reason, &error);

      if (refused)
        {
          assert_refused (accepted, error, HB_ERROR_INVALID_ARGUMENT, says, says);
          continue;
        }

      g_assert_true (accepted);
      g_assert_cmpuint (made, ==, expected);
      g_assert_cmpstr (reason, ==, allowed ? "why" : NULL);
    }
}

typedef struct
{
  const char *given;
  const char *made;
} Reason;

static void
test_close_reason (void)
{
  g_autofree char *longest = g_strnfill (123, 'x');
  g_autofree char *longer = g_strnfill (200, 'x');
  g_autofree char *umlaut = g_strconcat (longest + 1, "ü", NULL);
  g_autofree char *euro = g_strconcat (longest + 2, "€", NULL);
  const Reason reasons[] = {
    { NULL, NULL },
    { "", "" },
    { "auf Wiedersehen ü", "auf Wiedersehen ü" },
    { longest, longest },
    { longer, longest },
    { umlaut, longest + 1 },
    { euro, longest + 2 },
    { "\xc3(", "\xef\xbf\xbd(" },
  };
  guint i;

  g_test_summary ("A close reason is made valid UTF-8, and is cut to the length that fits into a "
                  "close frame");

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autofree char *reason = g_strdup (reasons[i].given);
      g_autoptr (GError) error = NULL;
      guint code = 1000;
      gboolean accepted = hb_syntax_make_close (&code, &reason, &error);

      g_assert_no_error (error);
      g_assert_true (accepted);
      g_assert_cmpstr (reason, ==, reasons[i].made);
    }
}

/* The text may contain a NUL, so its length is given. */
typedef struct
{
  const char *text;
  gsize       length;
  const char *says;
} Text;

#define TEXT(text) text, sizeof (text) - 1

static void
test_text_good (void)
{
  static const Text texts[] = {
    { NULL, 0 },
    { TEXT ("") },
    { TEXT ("plain") },
    { TEXT ("grüezi 世界 🌍") },
    { TEXT ("\0") },
    { TEXT ("\0\0\0") },
    { TEXT ("\0before") },
    { TEXT ("after\0") },
    { TEXT ("ü\0ü\0\0ü") },
    { TEXT ("\xf4\x8f\xbf\xbf") },
    { TEXT ("\xef\xbf\xbf") },
  };
  gsize i;

  g_test_summary ("Text in UTF-8 is accepted, even if it is empty or contains a NUL");

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean accepted = hb_syntax_check_text (texts[i].text, texts[i].length, &error);

      g_assert_no_error (error);
      g_assert_true (accepted);
    }
}

static void
test_text_bad (void)
{
  static const Text texts[] = {
    { TEXT ("\xff"), "byte 0:" },
    { TEXT ("abc\xff"), "byte 3:" },
    { TEXT ("cut off \xc3"), "byte 8:" },
    { TEXT ("\xe4\xb8"), "byte 0:" },
    { TEXT ("ab\0cd\xfe"), "byte 5:" },
    { TEXT ("\0\0\x80"), "byte 2:" },
    { TEXT ("\xc3\0"), "byte 0:" },
    { TEXT ("\xc0\x80"), "byte 0:" },
    { TEXT ("\xc1\xbf"), "byte 0:" },
    { TEXT ("\xed\xa0\x80"), "byte 0:" },
    { TEXT ("\xf4\x90\x80\x80"), "byte 0:" },
    { TEXT ("\xf0\x80\x80\xaf"), "byte 0:" },
  };
  gsize i;

  g_test_summary ("Text that is not UTF-8 is refused, and the error message names the byte at "
                  "which the first invalid character begins");

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *shown = g_strdup_printf ("text %" G_GSIZE_FORMAT, i);
      gboolean accepted = hb_syntax_check_text (texts[i].text, texts[i].length, &error);

      assert_refused (accepted, error, HB_ERROR_INVALID_ARGUMENT, shown, texts[i].says);
    }
}

static void
test_text_length (void)
{
  g_test_summary ("No byte after the given length is read");

  g_assert_true (hb_syntax_check_text ("ab\xff", 2, NULL));
  g_assert_true (hb_syntax_check_text ("a\0\xff", 2, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/syntax/uri/good", test_uri_good);
  g_test_add_func ("/syntax/uri/bad", test_uri_bad);
  g_test_add_func ("/syntax/uri/secrets", test_uri_secrets);
  g_test_add_func ("/syntax/protocols/good", test_protocols_good);
  g_test_add_func ("/syntax/protocols/bad", test_protocols_bad);
  g_test_add_func ("/syntax/protocols/twice", test_protocols_twice);
  g_test_add_func ("/syntax/origin/good", test_origin_good);
  g_test_add_func ("/syntax/origin/bad", test_origin_bad);
  g_test_add_func ("/syntax/close/codes", test_close_codes);
  g_test_add_func ("/syntax/close/reason", test_close_reason);
  g_test_add_func ("/syntax/text/good", test_text_good);
  g_test_add_func ("/syntax/text/bad", test_text_bad);
  g_test_add_func ("/syntax/text/length", test_text_length);

  return g_test_run ();
}
