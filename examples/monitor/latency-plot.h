/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The maximum number of samples in the plot, including gaps */
#define LATENCY_PLOT_N_SAMPLES 60

/* Draws the most recent latencies as a line. Each time the property “latency” (in microseconds) is
 * set, the plot adds a sample, even if the value has not changed. The value -1 adds a gap to the
 * line, except at the beginning or after another gap. */
#define LATENCY_TYPE_PLOT (latency_plot_get_type ())

G_DECLARE_FINAL_TYPE (LatencyPlot, latency_plot, LATENCY, PLOT, GtkWidget)

guint  latency_plot_get_n_samples (LatencyPlot *self);
guint  latency_plot_get_n_gaps    (LatencyPlot *self);
gint64 latency_plot_get_scale     (LatencyPlot *self);
char  *latency_plot_format        (gint64       latency);

G_END_DECLS
