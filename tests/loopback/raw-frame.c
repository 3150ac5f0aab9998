/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "raw-frame.h"

/* The constant that follows the client's key in the hash of Sec-WebSocket-Accept: RFC 6455, 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* The maximum length, in bytes, of a text, ping or pong payload in a word. The word of a longer
 * payload contains the length instead. */
#define MAX_SHOWN 40

/* @first: the first byte of the frame, with any bits and any opcode */
void
raw_frame_append (GByteArray *bytes,
                  guint8      first,
                  const void *payload,
                  gsize       length)
{
  guint8 header[10] = { first };
  gsize size = 2;
  gsize i;

  if (length < 126)
    {
      header[1] = length;
    }
  else if (length < 65536)
    {
      header[1] = 126;
      header[2] = length >> 8;
      header[3] = length;
      size = 4;
    }
  else
    {
      header[1] = 127;
      for (i = 0; i < 8; i++)
        header[2 + i] = (guint64) length >> (56 - 8 * i);
      size = 10;
    }

  g_byte_array_append (bytes, header, size);
  g_byte_array_append (bytes, payload, length);
}

/* Returns a word such as text:hi, ping:heartbeat, close:1000, or binary:3 for a binary message of 3
 * bytes. */
char *
raw_frame_to_word (guint8        opcode,
                   const guint8 *payload,
                   gsize         length)
{
  const char *names[16] = {
    [RAW_TEXT] = "text", [RAW_BINARY] = "binary",
    [RAW_CLOSE] = "close", [RAW_PING] = "ping", [RAW_PONG] = "pong",
  };

  g_assert_nonnull (names[opcode]);

  if (opcode == RAW_CLOSE && length >= 2)
    return g_strdup_printf ("close:%u%s%.*s", payload[0] << 8 | payload[1],
                            length > 2 ? ":" : "", (int) length - 2, payload + 2);

  if (opcode == RAW_BINARY || length > MAX_SHOWN)
    return g_strdup_printf ("%s:%" G_GSIZE_FORMAT, names[opcode], length);

  return g_strdup_printf ("%s:%.*s", names[opcode], (int) length, payload);
}

/* Parses the first frame in @data, and unmasks the payload in place: RFC 6455, 5.2 and 5.3. Returns
 * FALSE if the frame is not complete yet. */
gboolean
raw_frame_parse (RawFrame *self,
                 guint8   *data,
                 gsize     available)
{
  gsize length;
  gsize at = 2;
  gsize i;

  if (available < 2)
    return FALSE;

  length = data[1] & 0x7f;
  if (length >= 126)
    {
      gsize n_bytes = length == 126 ? 2 : 8;

      if (available < at + n_bytes)
        return FALSE;

      for (length = 0; n_bytes > 0; n_bytes--)
        length = length << 8 | data[at++];
    }

  if (available < at + 4 + length)
    return FALSE;

  /* A client must mask each frame. */
  g_assert_cmphex (data[1] & 0x80, ==, 0x80);

  for (i = 0; i < length; i++)
    data[at + 4 + i] ^= data[at + i % 4];

  self->first = data[0];
  memcpy (&self->mask, data + at, sizeof self->mask);
  self->payload = data + at + 4;
  self->length = length;
  self->size = at + 4 + length;

  return TRUE;
}

/* Spaces are ignored, and 61*3 stands for 616161. */
GByteArray *
raw_frame_from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();
  const char *at = hex;

  while (*at != '\0')
    {
      guint64 times = 1;
      guint8 byte;

      if (*at == ' ')
        {
          at++;
          continue;
        }

      g_assert_true (g_ascii_isxdigit (at[0]) && g_ascii_isxdigit (at[1]));
      byte = g_ascii_xdigit_value (at[0]) << 4 | g_ascii_xdigit_value (at[1]);
      at += 2;

      if (*at == '*')
        times = g_ascii_strtoull (at + 1, (char **) &at, 10);

      for (; times > 0; times--)
        g_byte_array_append (bytes, &byte, 1);
    }

  return bytes;
}

/* Returns the value of Sec-WebSocket-Accept for @request: RFC 6455, 4.2.2. */
char *
raw_frame_make_accept (const char *request)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *key = NULL;
  const char *line = strstr (request, "Sec-WebSocket-Key: ");
  guint8 digest[20];
  gsize length = sizeof digest;

  g_assert_nonnull (line);
  line += strlen ("Sec-WebSocket-Key: ");
  key = g_strndup (line, strcspn (line, "\r\n"));
  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) ACCEPT_GUID, -1);
  g_checksum_get_digest (checksum, digest, &length);

  return g_base64_encode (digest, length);
}
