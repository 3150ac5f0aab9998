/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-websocket-task-private.h"

/* The properties that can be set are documented in hb-websocket-task-settings.c, and the others in
 * hb-websocket-task-status.c. */

static GParamSpec *properties[HB_N_PROPERTIES];

static void
get_setting (HbWebsocketTask *self,
             HbProperty       property,
             GValue          *value)
{
  const HbSettings *settings = hb_driver_get_settings (self->driver);
  gconstpointer field = hb_settings_peek (settings, property);

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const int *) field);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(const int *) field);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) field);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const double *) field);
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, *(const char * const *) field);
      break;
    case G_TYPE_BOXED:
      g_value_set_boxed (value, G_VALUE_HOLDS (value, G_TYPE_BYTES)
                                ? *(gconstpointer const *) field
                                : hb_settings_list_protocols (settings));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
get_status (HbWebsocketTask *self,
            guint            prop_id,
            GValue          *value,
            GParamSpec      *pspec)
{
  switch (prop_id)
    {
    case HB_PROPERTY_STATE:
      g_value_set_enum (value, hb_websocket_task_get_state (self));
      break;
    case HB_PROPERTY_CONNECTION:
      g_value_set_object (value, hb_websocket_task_get_connection (self));
      break;
    case HB_PROPERTY_PROTOCOL:
      g_value_set_string (value, hb_websocket_task_get_protocol (self));
      break;
    case HB_PROPERTY_ATTEMPT:
      g_value_set_uint (value, hb_websocket_task_get_attempt (self));
      break;
    case HB_PROPERTY_RECONNECT_AT:
      g_value_set_int64 (value, hb_websocket_task_get_reconnect_at (self));
      break;
    case HB_PROPERTY_BUFFERED_AMOUNT:
      g_value_set_uint64 (value, hb_websocket_task_get_buffered_amount (self));
      break;
    case HB_PROPERTY_LATENCY:
      g_value_set_int64 (value, hb_websocket_task_get_latency (self));
      break;
    case HB_PROPERTY_DOWNTIME:
      g_value_set_int64 (value, hb_websocket_task_get_downtime (self));
      break;
    case HB_PROPERTY_HTTP_STATUS:
      g_value_set_uint (value, hb_websocket_task_get_http_status (self));
      break;
    case HB_PROPERTY_LAST_ERROR:
      g_value_set_boxed (value, hb_websocket_task_get_last_error (self));
      break;
    case HB_PROPERTY_READY:
      g_value_set_boolean (value, hb_websocket_task_get_ready (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, prop_id, pspec);
    }
}

static void
hb_websocket_task_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  if (prop_id == HB_PROPERTY_SESSION)
    g_value_set_object (value, hb_driver_get_session (self->driver));
  else if (hb_settings_has (prop_id))
    get_setting (self, prop_id, value);
  else
    get_status (self, prop_id, value, pspec);
}

static void
hb_websocket_task_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      hb_websocket_task_set (self, prop_id, &(gboolean) { g_value_get_boolean (value) });
      break;
    case G_TYPE_ENUM:
      hb_websocket_task_set (self, prop_id, &(int) { g_value_get_enum (value) });
      break;
    case G_TYPE_INT:
      hb_websocket_task_set (self, prop_id, &(int) { g_value_get_int (value) });
      break;
    case G_TYPE_UINT:
      hb_websocket_task_set (self, prop_id, &(guint) { g_value_get_uint (value) });
      break;
    case G_TYPE_UINT64:
      hb_websocket_task_set (self, prop_id, &(guint64) { g_value_get_uint64 (value) });
      break;
    case G_TYPE_DOUBLE:
      hb_websocket_task_set (self, prop_id, &(double) { g_value_get_double (value) });
      break;
    case G_TYPE_STRING:
      hb_websocket_task_set (self, prop_id, &(const char *) { g_value_get_string (value) });
      break;
    case G_TYPE_BOXED:
      hb_websocket_task_set (self, prop_id, &(gpointer) { g_value_get_boxed (value) });
      break;
    case G_TYPE_OBJECT:
      hb_websocket_task_set (self, prop_id, &(gpointer) { g_value_get_object (value) });
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
hb_websocket_task_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  HbProperty property;

  for (property = HB_PROPERTY_0; property < HB_N_PROPERTIES; property++)
    if (hb_settings_has (property))
      properties[property] = hb_settings_new_pspec (property, flags);

  properties[HB_PROPERTY_SESSION] =
    g_param_spec_object (hb_property_get_name (HB_PROPERTY_SESSION), NULL, NULL,
                         SOUP_TYPE_SESSION,
                         flags);
  hb_websocket_task_make_status (properties);

  object_class->get_property = hb_websocket_task_get_property;
  object_class->set_property = hb_websocket_task_set_property;

  g_object_class_install_properties (object_class, HB_N_PROPERTIES, properties);
}

/* Sets a property, and notifies it if its value has changed. @value points to a value of the
 * property's type, as in hb_settings_set (). */
void
hb_websocket_task_set (HbWebsocketTask *self,
                       HbProperty       property,
                       gconstpointer    value)
{
  const char *name = hb_property_get_name (property);
  G_GNUC_UNUSED g_autoptr (HbWebsocketTask) alive = NULL;

  if (!hb_driver_check_thread (self->driver, name))
    return;

  if (hb_settings_has (property) && !hb_settings_is_allowed (property, value))
    {
      g_critical ("%s: the value is invalid or out of range", name);
      return;
    }

  /* Applying the value may run handlers, which may drop the last reference. */
  alive = g_object_ref (self);
  if (hb_driver_set (self->driver, property, value))
    hb_websocket_task_notify (self, property);
}

void
hb_websocket_task_notify (HbWebsocketTask *self,
                          HbProperty       property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}
