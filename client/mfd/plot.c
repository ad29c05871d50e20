#include "client/mfd/plot.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/mfd/canvas.h"

/* In units of 1/96 inch; the origin is the upper left corner of the logo's box. */
#define LOGO 112.0 /* height of the logo's box */
#define ROW 15.0   /* height of a row of a heat map */
#define GAP 34.0   /* between boxes, with a panel's name in it */
#define SMALL 11.0 /* size of letters */
#define BAR 13.0   /* width of the colour scale */
#define NAMES 12.0 /* from a box to the names of its rows */

static const char bases[] = "ACGT";

/* Okabe and Ito, Color Universal Design (2008). */
static const unsigned base_colour[] = { 0x009e73, 0x0072b2, 0xe69f00, 0xd55e00 };
#define INK 0x222222
#define FAINT 0x777777
#define LINE 0xb4b4b4
#define UNKNOWN 0xdcdcdc

/* Blue below, white at, red above nothing: ColorBrewer's RdBu with eleven classes. */
static const unsigned scale_colour[] = { 0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7,
                                         0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f };
#define LAST_COLOUR (sizeof scale_colour / sizeof *scale_colour - 1)

struct layout {
    const struct plot *plot;
    double cell;  /* width of a base */
    double width; /* of all of them */
    double most;  /* end of the scale of colours */
    double logo;  /* height of the tallest letter, in effects */
};

enum side { LEFT, MIDDLE, RIGHT };

static void set_colour(cairo_t *cr, unsigned rgb)
{
    cairo_set_source_rgb(cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                         (rgb & 255) / 255.0);
}

/* The colour of t in -1..1, between its neighbours in the table. */
static void set_scale_colour(cairo_t *cr, double t)
{
    double at = (fmax(-1, fmin(1, t)) + 1) / 2 * LAST_COLOUR, mix;
    size_t i = at >= LAST_COLOUR ? LAST_COLOUR - 1 : (size_t)at;
    double rgb[3];
    mix = at - (double)i;
    for (int c = 0; c < 3; c++) {
        double low = scale_colour[i] >> (16 - 8 * c) & 255;
        double high = scale_colour[i + 1] >> (16 - 8 * c) & 255;
        rgb[c] = (low + (high - low) * mix) / 255;
    }
    cairo_set_source_rgb(cr, rgb[0], rgb[1], rgb[2]);
}

static void set_font(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

/* Text on the base line y, beside x. */
static void put_text(cairo_t *cr, double x, double y, enum side side, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(cr, text, &e);
    cairo_move_to(cr, x - e.x_advance * (side == LEFT ? 0 : side == MIDDLE ? 0.5 : 1), y);
    cairo_show_text(cr, text);
}

/* Text that reads upwards, its middle at y. */
static void put_upright(cairo_t *cr, double x, double y, const char *text)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -M_PI / 2);
    put_text(cr, 0, 0, MIDDLE, text);
    cairo_restore(cr);
}

static void put_line(cairo_t *cr, double x1, double y1, double x2, double y2)
{
    cairo_move_to(cr, x1, y1);
    cairo_line_to(cr, x2, y2);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
}

/* The index of a letter among the bases, or 4. */
static size_t base_of(char letter)
{
    const char *at = letter ? strchr(bases, letter) : NULL;
    return at ? (size_t)(at - bases) : 4;
}

/* What the substitutions of a base take away on average: its height in the logo. */
static double importance(const struct plot *plot, size_t base)
{
    double sum = 0;
    int n = 0;
    for (size_t a = 0; a < 4; a++) {
        double x = plot->panels[0].effect[4 * base + a];
        if (a == base_of(plot->reference[base]) || !isfinite(x))
            continue;
        sum -= x;
        n++;
    }
    return n ? sum / n : 0;
}

/* 1, 2 or 5 times a power of ten, such that `whole` has about `parts` of it. */
static double nice_step(double whole, double parts)
{
    double raw = whole / parts, power = pow(10, floor(log10(raw))), x = raw / power;
    return power * (x <= 1 ? 1 : x <= 2 ? 2 : x <= 5 ? 5 : 10);
}

static void put_value(cairo_t *cr, double x, double y, enum side side, double value, double step)
{
    char text[32];
    int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    snprintf(text, sizeof text, "%s%.*f",
             value > step / 2    ? "+"
             : value < -step / 2 ? "\u2212"
                                 : "",
             digits < 9 ? digits : 9, fabs(value));
    put_text(cr, x, y, side, text);
}

void plot_digits(char *to, size_t size, int64_t value)
{
    char plain[24];
    int n = snprintf(plain, sizeof plain, "%lld", (long long)value);
    size_t at = 0;
    for (int i = 0; i < n && at + 2 < size; i++) {
        if (i && (n - i) % 3 == 0)
            to[at++] = ',';
        to[at++] = plain[i];
    }
    to[at] = '\0';
}

/* One letter stretched into a box: the outline of the font's own, without the room around it. */
static void put_letter(cairo_t *cr, char letter, double x, double y, double width, double height)
{
    const char text[] = { letter, '\0' };
    double x1, y1, x2, y2;
    cairo_save(cr);
    set_font(cr, 100, true);
    cairo_new_path(cr);
    cairo_move_to(cr, 0, 0);
    cairo_text_path(cr, text);
    cairo_path_t *path = cairo_copy_path(cr);
    cairo_path_extents(cr, &x1, &y1, &x2, &y2);
    cairo_new_path(cr);
    if (x2 > x1 && y2 > y1) {
        cairo_translate(cr, x, y);
        cairo_scale(cr, width / (x2 - x1), height / (y2 - y1));
        cairo_translate(cr, -x1, -y1);
        cairo_append_path(cr, path);
        set_colour(cr, base_colour[base_of(letter)]);
        cairo_fill(cr);
    }
    cairo_path_destroy(path);
    cairo_restore(cr);
}

static void put_logo(cairo_t *cr, const struct layout *l)
{
    double middle = LOGO / 2, unit = l->logo > 0 ? (LOGO / 2 - 2) / l->logo : 0;
    double step = l->logo > 0 ? nice_step(l->logo, 2) : 1;
    set_font(cr, SMALL, false);
    for (int i = -4; i <= 4; i++) {
        if (fabs(step * i) > l->logo * 1.001)
            continue;
        double y = middle - step * i * unit;
        set_colour(cr, LINE);
        put_line(cr, -4, y, i ? 0 : l->width, y);
        set_colour(cr, FAINT);
        put_value(cr, -7, y + 4, RIGHT, step * i, step);
    }
    set_colour(cr, LINE);
    put_line(cr, 0, 0, 0, LOGO);
    for (size_t i = 0; i < l->plot->width; i++) {
        double x = importance(l->plot, i), height = fabs(x) * unit;
        if (base_of(l->plot->reference[i]) < 4 && height >= 0.25)
            put_letter(cr, l->plot->reference[i], l->cell * ((double)i + 0.04),
                       x > 0 ? middle - height : middle, l->cell * 0.92, height);
    }
    set_font(cr, SMALL, false);
    set_colour(cr, INK);
    put_upright(cr, -56, middle - 8, "mean loss");
    put_upright(cr, -43, middle - 8, "if substituted");
}

/* Dots are lines of no length with round ends: short to write, and all in one path. */
static void set_dots(cairo_t *cr)
{
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, 3.2);
}

static void put_dot(cairo_t *cr, double x, double y)
{
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x, y);
}

static void put_cells(cairo_t *cr, const struct layout *l, const double *effect)
{
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE); /* no seams between neighbours */
    for (size_t i = 0; i < 4 * l->plot->width; i++) {
        if (isfinite(effect[i]))
            set_scale_colour(cr, effect[i] / l->most);
        else
            set_colour(cr, UNKNOWN);
        cairo_rectangle(cr, l->cell * (double)(i / 4), ROW * (double)(i % 4), l->cell, ROW);
        cairo_fill(cr);
    }
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
    set_colour(cr, FAINT);
    set_dots(cr);
    for (size_t i = 0; i < l->plot->width; i++) { /* a dot where the reference is */
        size_t base = base_of(l->plot->reference[i]);
        if (base == 4)
            continue;
        put_dot(cr, l->cell * ((double)i + 0.5), ROW * ((double)base + 0.5));
    }
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    set_colour(cr, LINE);
    cairo_set_line_width(cr, 1);
    cairo_rectangle(cr, -0.5, -0.5, l->width + 1, 4 * ROW + 1);
    cairo_stroke(cr);
}

/* A heat map with its name above and its rows named on the left. */
static void put_panel(cairo_t *cr, const struct layout *l, const struct plot_panel *panel)
{
    set_font(cr, SMALL + 1, true);
    set_colour(cr, INK);
    put_text(cr, 0, -7, LEFT, panel->title);
    set_font(cr, SMALL, true);
    for (size_t a = 0; a < 4; a++) {
        const char name[] = { bases[a], '\0' };
        set_colour(cr, base_colour[a]);
        put_text(cr, -NAMES, ROW * (double)a + ROW / 2 + 4, MIDDLE, name);
    }
    put_cells(cr, l, panel->effect);
}

static void put_axis(cairo_t *cr, const struct layout *l)
{
    /* labels at least 84 apart, ticks at least 5 */
    double step = fmax(1, nice_step(84 / l->cell, 1));
    double tick = step >= 5 && step / 5 * l->cell >= 5 ? step / 5 : step;
    set_font(cr, SMALL, false);
    for (size_t i = 0; i < l->plot->width; i++) {
        int64_t position = l->plot->start + (int64_t)i;
        bool named = position % (int64_t)step == 0;
        double x = l->cell * ((double)i + 0.5);
        if (position % (int64_t)tick != 0)
            continue;
        set_colour(cr, LINE);
        put_line(cr, x, 1, x, named ? 7 : 4);
        char text[40];
        plot_digits(text, sizeof text, position);
        set_colour(cr, FAINT);
        if (named)
            put_text(cr, x, 20, MIDDLE, text);
    }
    set_colour(cr, INK);
    put_text(cr, 0, 39, LEFT, l->plot->axis);
    put_text(cr, 8, 56, LEFT, "is the reference");
    set_colour(cr, FAINT);
    set_dots(cr);
    put_dot(cr, 2, 52);
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}

static void put_scale(cairo_t *cr, const struct layout *l, double height)
{
    double step = nice_step(l->most, 2);
    cairo_pattern_t *colours = cairo_pattern_create_linear(0, height, 0, 0);
    for (size_t i = 0; i <= LAST_COLOUR; i++) {
        unsigned c = scale_colour[i];
        cairo_pattern_add_color_stop_rgb(colours, (double)i / LAST_COLOUR, (c >> 16) / 255.0,
                                         (c >> 8 & 255) / 255.0, (c & 255) / 255.0);
    }
    cairo_set_source(cr, colours);
    cairo_pattern_destroy(colours);
    cairo_rectangle(cr, 0, 0, BAR, height);
    cairo_fill(cr);
    set_colour(cr, LINE);
    cairo_set_line_width(cr, 1);
    cairo_rectangle(cr, -0.5, -0.5, BAR + 1, height + 1);
    cairo_stroke(cr);
    set_font(cr, SMALL, false);
    for (int i = -4; i <= 4; i++) {
        double y = height / 2 * (1 - step * i / l->most);
        if (fabs(step * i) > l->most * 1.001)
            continue;
        set_colour(cr, LINE);
        put_line(cr, BAR + 1, y, BAR + 4, y);
        set_colour(cr, FAINT);
        put_value(cr, BAR + 8, y + 4, LEFT, step * i, step);
    }
    set_colour(cr, INK);
    put_upright(cr, BAR + 62, height / 2, l->plot->unit);
}

static void draw(cairo_t *cr, const void *arg)
{
    const struct layout *l = arg;
    const struct plot *plot = l->plot;
    double panels = (4 * ROW + GAP) * (double)plot->n_panels - GAP;
    set_colour(cr, INK);
    set_font(cr, 15, true);
    put_text(cr, 0, plot->subtitle ? -36 : -18, LEFT, plot->title);
    set_font(cr, SMALL, false);
    set_colour(cr, FAINT);
    if (plot->subtitle)
        put_text(cr, 0, -17, LEFT, plot->subtitle);
    put_logo(cr, l);
    for (size_t p = 0; p < plot->n_panels; p++) {
        cairo_save(cr);
        cairo_translate(cr, 0, LOGO + GAP + (4 * ROW + GAP) * (double)p);
        put_panel(cr, l, &plot->panels[p]);
        cairo_restore(cr);
    }
    cairo_save(cr);
    cairo_translate(cr, 0, LOGO + GAP + panels);
    put_axis(cr, l);
    cairo_restore(cr);
    cairo_translate(cr, l->width + 22, LOGO + GAP);
    put_scale(cr, l, fmax(panels, 4 * ROW));
}

int plot_write(const char *path, const struct plot *plot, struct mfd_error *err)
{
    double cell = floor(960 / (double)plot->width);
    struct layout l = { .plot = plot, .cell = fmax(6, fmin(20, cell)) };
    l.width = l.cell * (double)plot->width;
    for (size_t p = 0; p < plot->n_panels; p++)
        for (size_t i = 0; i < 4 * plot->width; i++)
            if (isfinite(plot->panels[p].effect[i]))
                l.most = fmax(l.most, fabs(plot->panels[p].effect[i]));
    l.most = l.most > 0 ? l.most : 1;
    for (size_t i = 0; i < plot->width; i++)
        l.logo = fmax(l.logo, fabs(importance(plot, i)));
    return canvas_write(path, plot->title, draw, &l, err);
}
