/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "latency-plot.h"

#include <glib/gi18n.h>
#include <math.h>

#define NATURAL_WIDTH  320
#define NATURAL_HEIGHT 84
#define DOT_RADIUS     3.5
#define LINE_WIDTH     2.0
#define LABEL_SPACING  8

/* The minimum latency at the top of the plot, in microseconds. A lower minimum would make tiny
 * differences on a fast connection look large. */
#define MIN_SCALE 200

struct _LatencyPlot
{
  GtkWidget parent_instance;

  gint64 samples[LATENCY_PLOT_N_SAMPLES]; /* in microseconds, the newest last; -1 is a gap */
  guint  n_samples;
};

G_DEFINE_FINAL_TYPE (LatencyPlot, latency_plot, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_LATENCY,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* The area of the line in pixels, the latency at its top in microseconds, and the colours */
typedef struct
{
  double  left;
  double  top;
  double  width;
  double  height;
  gint64  scale;
  GdkRGBA line;
  GdkRGBA text;
} Frame;

static gint64
get_highest (LatencyPlot *self)
{
  gint64 highest = -1;
  guint i;

  for (i = 0; i < self->n_samples; i++)
    highest = MAX (highest, self->samples[i]);

  return highest;
}

static void
describe (LatencyPlot *self)
{
  gint64 latest = self->n_samples > 0 ? self->samples[self->n_samples - 1] : -1;
  g_autofree char *last = latency_plot_format (latest);
  g_autofree char *highest = latency_plot_format (get_highest (self));
  g_autofree char *description = NULL;

  /* Translators: each %s is a time, such as “0.4 ms”, or “–” if no latency is known. */
  description = g_strdup_printf (_("Now %s, at most %s"), last, highest);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description,
                                  -1);
}

static void
add_sample (LatencyPlot *self,
            gint64       latency)
{
  gboolean is_gap = self->n_samples == 0 || self->samples[self->n_samples - 1] < 0;

  if (latency < 0 && is_gap)
    return;

  if (self->n_samples == LATENCY_PLOT_N_SAMPLES)
    {
      self->n_samples--;
      memmove (self->samples, self->samples + 1, self->n_samples * sizeof *self->samples);
    }

  self->samples[self->n_samples++] = latency;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
draw_text (LatencyPlot *self,
           GtkSnapshot *snapshot,
           PangoLayout *layout,
           double       x,
           double       y,
           Frame       *frame)
{
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, y));
  gtk_snapshot_append_layout (snapshot, layout, &frame->text);
  gtk_snapshot_restore (snapshot);
}

/* Also sets the area that the labels leave for the line. */
static void
draw_scale (LatencyPlot *self,
            GtkSnapshot *snapshot,
            Frame       *frame)
{
  g_autofree char *text = latency_plot_format (frame->scale);
  g_autoptr (PangoLayout) top = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr (PangoLayout) bottom = gtk_widget_create_pango_layout (GTK_WIDGET (self), "0");
  GdkRGBA grid = frame->text;
  int width, height, bottom_width, i;

  pango_layout_get_pixel_size (top, &width, &height);
  pango_layout_get_pixel_size (bottom, &bottom_width, NULL);
  frame->left = width + LABEL_SPACING;
  frame->width = gtk_widget_get_width (GTK_WIDGET (self)) - frame->left - DOT_RADIUS;
  frame->top = height / 2.0;
  frame->height = gtk_widget_get_height (GTK_WIDGET (self)) - height;

  draw_text (self, snapshot, top, 0, 0, frame);
  draw_text (self, snapshot, bottom, width - bottom_width, frame->height, frame);

  grid.alpha *= 0.25;
  for (i = 0; i <= 2; i++)
    gtk_snapshot_append_color (snapshot, &grid,
                               &GRAPHENE_RECT_INIT (frame->left,
                                                    floor (frame->top + i * frame->height / 2),
                                                    frame->width, 1));
}

static double
get_x (LatencyPlot *self,
       Frame       *frame,
       guint        i)
{
  guint age = self->n_samples - 1 - i;

  return frame->left + frame->width * (1 - age / (double) (LATENCY_PLOT_N_SAMPLES - 1));
}

static double
get_y (LatencyPlot *self,
       Frame       *frame,
       guint        i)
{
  return frame->top + frame->height * (1 - self->samples[i] / (double) frame->scale);
}

static guint
find_end (LatencyPlot *self,
          guint        first)
{
  guint end;

  for (end = first; end < self->n_samples && self->samples[end] >= 0; end++)
    ;

  return end;
}

/* Begins a path along the samples from @first to @end, which is not included. */
static GskPathBuilder *
begin_path (LatencyPlot *self,
            Frame       *frame,
            guint        first,
            guint        end)
{
  GskPathBuilder *builder = gsk_path_builder_new ();
  guint i;

  gsk_path_builder_move_to (builder, get_x (self, frame, first), get_y (self, frame, first));
  for (i = first + 1; i < end; i++)
    gsk_path_builder_line_to (builder, get_x (self, frame, i), get_y (self, frame, i));

  return builder;
}

static void
draw_line (LatencyPlot *self,
           GtkSnapshot *snapshot,
           Frame       *frame,
           guint        first,
           guint        end)
{
  g_autoptr (GskStroke) stroke = gsk_stroke_new (LINE_WIDTH);
  g_autoptr (GskPath) path =
    gsk_path_builder_free_to_path (begin_path (self, frame, first, end));

  gsk_stroke_set_line_join (stroke, GSK_LINE_JOIN_ROUND);
  gsk_stroke_set_line_cap (stroke, GSK_LINE_CAP_ROUND);
  gtk_snapshot_append_stroke (snapshot, path, stroke, &frame->line);
}

static void
draw_area (LatencyPlot *self,
           GtkSnapshot *snapshot,
           Frame       *frame,
           guint        first,
           guint        end)
{
  GskPathBuilder *builder = begin_path (self, frame, first, end);
  double bottom = frame->top + frame->height;
  g_autoptr (GskPath) path = NULL;
  GdkRGBA color = frame->line;

  gsk_path_builder_line_to (builder, get_x (self, frame, end - 1), bottom);
  gsk_path_builder_line_to (builder, get_x (self, frame, first), bottom);
  gsk_path_builder_close (builder);
  path = gsk_path_builder_free_to_path (builder);

  color.alpha *= 0.15;
  gtk_snapshot_append_fill (snapshot, path, GSK_FILL_RULE_WINDING, &color);
}

static void
draw_dot (LatencyPlot *self,
          GtkSnapshot *snapshot,
          Frame       *frame,
          guint        i,
          double       radius)
{
  GskPathBuilder *builder = gsk_path_builder_new ();
  g_autoptr (GskPath) path = NULL;

  gsk_path_builder_add_circle (builder,
                               &GRAPHENE_POINT_INIT (get_x (self, frame, i),
                                                     get_y (self, frame, i)),
                               radius);
  path = gsk_path_builder_free_to_path (builder);
  gtk_snapshot_append_fill (snapshot, path, GSK_FILL_RULE_WINDING, &frame->line);
}

static void
draw_samples (LatencyPlot *self,
              GtkSnapshot *snapshot,
              Frame       *frame)
{
  guint first, end;

  for (first = 0; first < self->n_samples; first = end + 1)
    {
      end = find_end (self, first);

      if (end - first == 1)
        draw_dot (self, snapshot, frame, first, LINE_WIDTH);
      else if (end > first)
        {
          draw_area (self, snapshot, frame, first, end);
          draw_line (self, snapshot, frame, first, end);
        }

      if (end > first && end == self->n_samples)
        draw_dot (self, snapshot, frame, end - 1, DOT_RADIUS);
    }
}

/* The style class “accent” gives the widget the colour of the line, so the labels and the grid use
 * the colour of the parent. */
static void
latency_plot_snapshot (GtkWidget   *widget,
                       GtkSnapshot *snapshot)
{
  LatencyPlot *self = LATENCY_PLOT (widget);
  Frame frame = { .scale = latency_plot_get_scale (self) };

  gtk_widget_get_color (widget, &frame.line);
  gtk_widget_get_color (gtk_widget_get_parent (widget), &frame.text);

  frame.text.alpha *= 0.7;
  draw_scale (self, snapshot, &frame);
  draw_samples (self, snapshot, &frame);
}

static void
latency_plot_measure (GtkWidget      *widget,
                      GtkOrientation  orientation,
                      int             for_size,
                      int            *minimum,
                      int            *natural,
                      int            *minimum_baseline,
                      int            *natural_baseline)
{
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? NATURAL_WIDTH : NATURAL_HEIGHT;
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? NATURAL_WIDTH / 2 : NATURAL_HEIGHT;
}

static void
latency_plot_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  LatencyPlot *self = LATENCY_PLOT (object);

  switch (prop_id)
    {
    case PROP_LATENCY:
      add_sample (self, g_value_get_int64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
latency_plot_class_init (LatencyPlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = latency_plot_set_property;
  widget_class->measure = latency_plot_measure;
  widget_class->snapshot = latency_plot_snapshot;

  properties[PROP_LATENCY] =
    g_param_spec_int64 ("latency", NULL, NULL,
                        -1, G_MAXINT64, -1,
                        G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "latencyplot");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
latency_plot_init (LatencyPlot *self)
{
  describe (self);
}

guint
latency_plot_get_n_samples (LatencyPlot *self)
{
  return self->n_samples;
}

guint
latency_plot_get_n_gaps (LatencyPlot *self)
{
  guint n_gaps = 0;
  guint i;

  for (i = 0; i < self->n_samples; i++)
    n_gaps += self->samples[i] < 0;

  return n_gaps;
}

/* Returns the latency at the top of the plot, in microseconds: 1, 2 or 5 times a power of ten. */
gint64
latency_plot_get_scale (LatencyPlot *self)
{
  gint64 wanted = MAX (get_highest (self), MIN_SCALE);
  gint64 power = 1;

  while (wanted > 10 * power)
    power *= 10;

  return power * (wanted <= power ? 1 : wanted <= 2 * power ? 2 : wanted <= 5 * power ? 5 : 10);
}

/* @latency: in microseconds, or negative for a dash */
char *
latency_plot_format (gint64 latency)
{
  gboolean is_whole = latency >= 10 * 1000 || latency % 1000 == 0;

  if (latency < 0)
    return g_strdup ("–");

  /* Translators: a time in milliseconds */
  return g_strdup_printf (is_whole ? _("%.0f ms") : _("%.1f ms"), latency / 1000.0);
}
