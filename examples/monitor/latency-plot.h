/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The number of samples shown */
#define LATENCY_PLOT_N_SAMPLES 60

/* Draws the last latencies as a line, with the newest one at the right. Each time that the property
 * “latency” is set, in microseconds, the plot adds a sample, even if the value is the same. The
 * value -1 adds a gap to the line. */
#define LATENCY_TYPE_PLOT (latency_plot_get_type ())

G_DECLARE_FINAL_TYPE (LatencyPlot, latency_plot, LATENCY, PLOT, GtkWidget)

guint  latency_plot_get_n_samples (LatencyPlot *self);
guint  latency_plot_get_n_gaps    (LatencyPlot *self);
gint64 latency_plot_get_scale     (LatencyPlot *self);
char  *latency_plot_format        (gint64       latency);

G_END_DECLS
