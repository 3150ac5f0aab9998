/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-limits-private.h"
#include "hb-outgoing-private.h"

/* Limits that libsoup before 3.8 does not have: the size of all fragments of a message together,
 * the size of an inflated message, and the number of unanswered pings. HbLimits is an extension,
 * because libsoup passes every whole frame that it reads through its extensions.
 *
 * If permessage-deflate was negotiated, HbLimits takes its place, and passes received compressed
 * frames to permessage-deflate piece by piece. */
struct _HbLimits
{
  SoupWebsocketExtension  parent_instance;

  SoupWebsocketExtension *inner;            /* (nullable) permessage-deflate, if negotiated */
  GPollableOutputStream  *output;
  guint64                 max_message_size; /* in bytes */
  guint64                 size;             /* of the current message so far, inflated */
  guint                   n_pings;          /* consecutive pings while no pong can be written */
  gboolean                is_compressed;    /* The current message is compressed. */
};

G_DEFINE_FINAL_TYPE (HbLimits, hb_limits, SOUP_TYPE_WEBSOCKET_EXTENSION)

/* The bit that marks a compressed message (RFC 7692, 6) */
#define RSV1 0x40

/* The number of deflated bytes that are inflated before the size is checked again. One deflated
 * byte becomes at most 1032 bytes, so at most about 1 MiB is inflated beyond the limit. */
#define PIECE 1024

/* See get_frame_size (). */
#define MAX_OVERHEAD 64

/* The maximum number of unanswered pings. If more arrive, the connection fails. libsoup before 3.8
 * queues a pong for each ping, and searches the whole queue each time, so a flood of pings would
 * block the main loop. */
#define MAX_PINGS 1000

static GBytes *
fail_too_big (GError **error)
{
  g_set_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG, "Message too big");

  return NULL;
}

static gboolean
count (HbLimits *self,
       gsize     length)
{
  self->size += length;

  return self->size <= self->max_message_size;
}

static GBytes *
inflate_pieces (HbLimits      *self,
                const guint8  *header,
                GBytes        *payload,
                GError       **error)
{
  g_autoptr (GByteArray) inflated = g_byte_array_new ();
  gsize length = g_bytes_get_size (payload);
  gsize at = 0;

  do
    {
      gsize size = MIN (length - at, PIECE);
      gboolean is_last = at + size == length;
      guint8 first = (header[0] & ~(HB_FRAME_FIN | RSV1))
                     | (at == 0 ? header[0] & RSV1 : 0)
                     | (is_last ? header[0] & HB_FRAME_FIN : 0);
      g_autoptr (GBytes) piece = NULL;

      piece = soup_websocket_extension_process_incoming_message (self->inner, &first,
                                                                 g_bytes_new_from_bytes (payload,
                                                                                         at, size),
                                                                 error);
      if (piece == NULL)
        return NULL;

      if (!count (self, g_bytes_get_size (piece)))
        return fail_too_big (error);

      g_byte_array_append (inflated, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
      at += size;
    }
  while (at < length);

  return g_byte_array_free_to_bytes (g_steal_pointer (&inflated));
}

static gboolean
is_flood (HbLimits *self)
{
  if (g_pollable_output_stream_is_writable (self->output))
    self->n_pings = 0;
  else
    self->n_pings++;

  return self->n_pings > MAX_PINGS;
}

static GBytes *
hb_limits_process_incoming_message (SoupWebsocketExtension  *extension,
                                    guint8                  *header,
                                    GBytes                  *payload,
                                    GError                 **error)
{
  HbLimits *self = (HbLimits *) extension; /* A type check for each frame would take time. */
  g_autoptr (GBytes) owned = payload;
  GBytes *result;

  if ((header[0] & HB_FRAME_CONTROL) != 0)
    {
      if ((header[0] & HB_FRAME_OPCODE) == HB_OPCODE_PING && is_flood (self))
        {
          g_set_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
                       "Too many pings");
          return NULL;
        }

      return g_steal_pointer (&owned);
    }

  if ((header[0] & HB_FRAME_OPCODE) != 0)
    {
      self->size = 0;
      self->is_compressed = self->inner != NULL && (header[0] & RSV1) != 0;
    }

  if (self->is_compressed)
    {
      result = inflate_pieces (self, header, payload, error);
      header[0] &= ~RSV1;
    }
  else if (count (self, g_bytes_get_size (payload)))
    {
      result = g_steal_pointer (&owned);
    }
  else
    {
      return fail_too_big (error);
    }

  /* A continuation frame that follows belongs to no message. That frame must be neither inflated
   * nor added to the size of this message, because libsoup must report a protocol error, and not an
   * error about the size. */
  if ((header[0] & HB_FRAME_FIN) != 0)
    {
      self->size = 0;
      self->is_compressed = FALSE;
    }

  return result;
}

static GBytes *
hb_limits_process_outgoing_message (SoupWebsocketExtension  *extension,
                                    guint8                  *header,
                                    GBytes                  *payload,
                                    GError                 **error)
{
  HbLimits *self = HB_LIMITS (extension);

  if (self->inner == NULL)
    return payload;

  return soup_websocket_extension_process_outgoing_message (self->inner, header, payload, error);
}

static void
hb_limits_finalize (GObject *object)
{
  HbLimits *self = HB_LIMITS (object);

  g_clear_object (&self->inner);
  g_clear_object (&self->output);

  G_OBJECT_CLASS (hb_limits_parent_class)->finalize (object);
}

static void
hb_limits_class_init (HbLimitsClass *klass)
{
  SoupWebsocketExtensionClass *extension_class = SOUP_WEBSOCKET_EXTENSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = hb_limits_finalize;
  extension_class->process_incoming_message = hb_limits_process_incoming_message;
  extension_class->process_outgoing_message = hb_limits_process_outgoing_message;
}

static void
hb_limits_init (HbLimits *self)
{
}

/* Creates limits that refuse every message with a payload until hb_limits_set_on_connection () is
 * called.
 *
 * @inner: (nullable): permessage-deflate, if negotiated
 * @output: libsoup writes its pongs to this stream */
HbLimits *
hb_limits_new (SoupWebsocketExtension *inner,
               GPollableOutputStream  *output)
{
  HbLimits *self = g_object_new (HB_TYPE_LIMITS, NULL);

  g_set_object (&self->inner, inner);
  g_set_object (&self->output, output);

  return self;
}

/* Returns: (transfer none) (nullable): NULL if the connection does not work over an HbStream */
static HbLimits *
find (SoupWebsocketConnection *connection)
{
  GList *link;

  for (link = soup_websocket_connection_get_extensions (connection); link != NULL;
       link = link->next)
    if (HB_IS_LIMITS (link->data))
      return link->data;

  return NULL;
}

/* Returns the maximum payload of a frame. Deflating enlarges a message by less than a quarter plus
 * MAX_OVERHEAD bytes, even if the peer uses only the fixed code (RFC 1951, 3.2.6). HbLimits checks
 * the inflated size.
 *
 * @self: (nullable) */
static guint64
get_frame_size (const HbLimits *self,
                guint64         bytes)
{
  if (self == NULL || self->inner == NULL)
    return bytes;

  return MIN (bytes + bytes / 4 + MAX_OVERHEAD, MAX (bytes, G_MAXINT32));
}

/* libsoup applies its limits to control frames too, so limits below HB_FRAME_MAX_CONTROL would also
 * refuse pings, pongs and close frames. Only HbLimits applies such a limit.
 *
 * @bytes: the maximum size of a received message; not 0 */
void
hb_limits_set_on_connection (SoupWebsocketConnection *connection,
                             guint64                  bytes)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (connection);
  HbLimits *self = find (connection);

  if (self != NULL)
    {
      self->max_message_size = bytes;
      bytes = MAX (bytes, HB_FRAME_MAX_CONTROL);
    }

  soup_websocket_connection_set_max_incoming_payload_size (connection,
                                                           get_frame_size (self, bytes));

  /* In libsoup 3.8 and later, the size of all fragments of a message together */
  if (g_object_class_find_property (klass, "max-total-message-size") != NULL)
    g_object_set (connection, "max-total-message-size", bytes, NULL);
}

guint64
hb_limits_get_on_connection (SoupWebsocketConnection *connection)
{
  const HbLimits *self = find (connection);

  if (self != NULL)
    return self->max_message_size;

  return soup_websocket_connection_get_max_incoming_payload_size (connection);
}
