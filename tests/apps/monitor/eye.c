/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "eye.h"

const char *
eye_get_text (GtkWidget *label)
{
  return gtk_label_get_text (GTK_LABEL (label));
}

guint
eye_get_n_rows (MonitorFixture *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (gtk_list_view_get_model (
                                     GTK_LIST_VIEW (self->list))));
}

gboolean
eye_shows (GtkWidget  *label,
           const char *text)
{
  return g_str_equal (eye_get_text (label), text);
}

/* Returns whether a mapped label in @widget has this text, and lies within the height of @frame. */
static gboolean
is_in_sight (GtkWidget  *widget,
             GtkWidget  *frame,
             const char *text)
{
  GtkWidget *child;
  graphene_rect_t bounds;

  if (!gtk_widget_get_mapped (widget))
    return FALSE;

  if (GTK_IS_LABEL (widget) && eye_shows (widget, text)
      && gtk_widget_compute_bounds (widget, frame, &bounds))
    return bounds.origin.y >= 0
           && bounds.origin.y + bounds.size.height <= gtk_widget_get_height (frame);

  for (child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (is_in_sight (child, frame, text))
      return TRUE;

  return FALSE;
}

gboolean
eye_lists (MonitorFixture *self,
           const char     *text)
{
  return is_in_sight (self->list, self->scroller, text);
}

MonitorMessageStatus
eye_get_status (MonitorFixture *self,
                guint           position)
{
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (self->list)));
  g_autoptr (MonitorMessage) message = g_list_model_get_item (model, position);

  g_assert_nonnull (message);

  return monitor_message_get_status (message);
}

gboolean
eye_has_banner (MonitorFixture *self)
{
  return adw_banner_get_revealed (ADW_BANNER (self->banner));
}

static gboolean
frame_cb (GtkWidget     *widget,
          GdkFrameClock *clock,
          gpointer       user_data)
{
  guint *n_frames = user_data;

  return ++*n_frames < 3 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Waits until the third frame begins. The window has then been laid out and drawn. */
void
eye_await_frame (MonitorFixture *self)
{
  guint n_frames = 0;

  gtk_widget_add_tick_callback (GTK_WIDGET (self->window), frame_cb, &n_frames, NULL);
  wait_until (n_frames == 3);
}

/* Returns the mean brightness of a picture, from 0 (black) to 1 (white). */
static double
get_brightness (GdkTexture *texture)
{
  g_autoptr (GdkTextureDownloader) downloader = gdk_texture_downloader_new (texture);
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data;
  gsize stride, size, i;
  double sum = 0;

  gdk_texture_downloader_set_format (downloader, GDK_MEMORY_R8G8B8);
  bytes = gdk_texture_downloader_download_bytes (downloader, &stride);
  data = g_bytes_get_data (bytes, &size);
  for (i = 0; i < size; i++)
    sum += data[i];

  return sum / size / 255;
}

/* Draws @widget, and saves the picture if HB_PICTURES names a folder. Returns the picture's mean
 * brightness. */
double
eye_take_picture (MonitorFixture *self,
                  GtkWidget      *widget,
                  const char     *name)
{
  g_autoptr (GdkPaintable) paintable = NULL;
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree char *file_name = g_strdup_printf ("%s.png", name);
  g_autofree char *path = NULL;
  graphene_rect_t bounds;
  int width, height;

  eye_await_frame (self);
  paintable = gtk_widget_paintable_new (widget);
  width = gdk_paintable_get_intrinsic_width (paintable);
  height = gdk_paintable_get_intrinsic_height (paintable);
  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  g_assert_nonnull (node);

  /* Without a compositor, GTK draws an edge around the window. The picture excludes it. */
  bounds = GRAPHENE_RECT_INIT ((width - gtk_widget_get_width (widget)) / 2,
                               (height - gtk_widget_get_height (widget)) / 2,
                               gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (widget)),
                                         node, &bounds);

  if (g_getenv ("HB_PICTURES") != NULL)
    {
      path = g_build_filename (g_getenv ("HB_PICTURES"), file_name, NULL);
      g_assert_true (gdk_texture_save_to_png (texture, path));
    }

  return get_brightness (texture);
}
