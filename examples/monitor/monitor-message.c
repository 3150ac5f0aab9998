/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "monitor-message.h"

/* The maximum numbers of bytes to keep of a text message and of a binary message. A row has no room
 * for more. */
#define MAX_TEXT 240
#define MAX_HEX  48

struct _MonitorMessage
{
  GObject parent_instance;

  char                 *text; /* (owned) */
  gsize                 size; /* of the whole message, in bytes */
  gint64                time; /* microseconds since 1970 */
  MonitorMessageStatus  status;
};

G_DEFINE_ENUM_TYPE (MonitorMessageStatus, monitor_message_status,
                    G_DEFINE_ENUM_VALUE (MONITOR_MESSAGE_RECEIVED, "received"),
                    G_DEFINE_ENUM_VALUE (MONITOR_MESSAGE_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (MONITOR_MESSAGE_SENT, "sent"),
                    G_DEFINE_ENUM_VALUE (MONITOR_MESSAGE_FAILED, "failed"))

G_DEFINE_FINAL_TYPE (MonitorMessage, monitor_message, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_STATUS,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* Cuts long text between two characters. A label would break the line at a newline, so a space
 * replaces each control character. */
static char *
get_text_line (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  gsize kept = MIN (size, MAX_TEXT);
  g_autofree char *valid = NULL;
  GString *line = g_string_sized_new (MAX_TEXT);
  const char *character;

  while (kept > 0 && kept < size && (data[kept] & 0xc0) == 0x80)
    kept--;

  valid = g_utf8_make_valid (data, kept);
  for (character = valid; *character != '\0'; character = g_utf8_next_char (character))
    {
      gunichar code = g_utf8_get_char (character);

      g_string_append_unichar (line, g_unichar_iscntrl (code) ? ' ' : code);
    }

  if (kept < size)
    g_string_append (line, "…");

  return g_string_free (line, FALSE);
}

static char *
get_hex_line (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  GString *line = g_string_sized_new (3 * MAX_HEX);
  gsize i;

  for (i = 0; i < MIN (size, MAX_HEX); i++)
    g_string_append_printf (line, "%s%02x", i > 0 ? " " : "", data[i]);

  if (size > MAX_HEX)
    g_string_append (line, "…");

  return g_string_free (line, FALSE);
}

static void
monitor_message_finalize (GObject *object)
{
  MonitorMessage *self = MONITOR_MESSAGE (object);

  g_clear_pointer (&self->text, g_free);

  G_OBJECT_CLASS (monitor_message_parent_class)->finalize (object);
}

static void
monitor_message_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  MonitorMessage *self = MONITOR_MESSAGE (object);

  switch (prop_id)
    {
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
monitor_message_class_init (MonitorMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = monitor_message_finalize;
  object_class->get_property = monitor_message_get_property;

  properties[PROP_STATUS] =
    g_param_spec_enum ("status", NULL, NULL,
                       MONITOR_TYPE_MESSAGE_STATUS, MONITOR_MESSAGE_RECEIVED,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
monitor_message_init (MonitorMessage *self)
{
  self->time = g_get_real_time ();
}

MonitorMessage *
monitor_message_new (SoupWebsocketDataType  type,
                     GBytes                *bytes,
                     MonitorMessageStatus   status)
{
  MonitorMessage *self = g_object_new (MONITOR_TYPE_MESSAGE, NULL);

  self->text = type == SOUP_WEBSOCKET_DATA_TEXT ? get_text_line (bytes) : get_hex_line (bytes);
  self->size = g_bytes_get_size (bytes);
  self->status = status;

  return self;
}

const char *
monitor_message_get_text (MonitorMessage *self)
{
  return self->text;
}

gsize
monitor_message_get_size (MonitorMessage *self)
{
  return self->size;
}

char *
monitor_message_dup_time (MonitorMessage *self)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (self->time / G_TIME_SPAN_SECOND);
  g_autoptr (GDateTime) local = g_date_time_to_local (utc);

  return g_date_time_format (local, "%X");
}

MonitorMessageStatus
monitor_message_get_status (MonitorMessage *self)
{
  return self->status;
}

void
monitor_message_set_status (MonitorMessage       *self,
                            MonitorMessageStatus  status)
{
  if (self->status == status)
    return;

  self->status = status;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
}
