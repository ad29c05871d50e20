#include "client/mfd/plot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define CELL 12.0  /* a base, pixels */
#define LEFT 96.0  /* room for names */
#define RIGHT 90.0 /* room for the scale */
#define TOP 40.0
#define LOGO 120.0
#define GAP 30.0

static const char bases[] = "ACGT";

/* Letters in a box of one by one, the origin above left. */
static const struct {
    const char *path, *colour;
} letters[4] = {
    { "M0 1L.38 0H.62L1 1H.79L.71.77H.29L.21 1ZM.36.59H.64L.5.17Z", "#109648" },
    { "M1 .7A.5.5 0 1 1 1 .3L.83.38A.33.34 0 1 0 .83.62Z", "#255c99" },
    { "M1 .47V.86A.5.5 0 1 1 .99.28L.82.36A.33.34 0 1 0 .82.72V.61H.54V.47Z", "#e0a100" },
    { "M0 0H1V.18H.6V1H.4V.18H0Z", "#d62839" },
};

/* Text as XML wants it. */
static void put_text(FILE *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } special[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };
    for (const char *p = text; *p; p++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof special / sizeof *special; i++)
            if (special[i].c == *p)
                entity = special[i].entity;
        if (entity)
            fputs(entity, out);
        else if ((unsigned char)*p >= ' ')
            putc(*p, out);
    }
}

/* Blue below, white at, red above nothing; t in -1..1 (ColorBrewer RdBu). */
static void colour_of(double t, int rgb[3])
{
    static const double low[3] = { 33, 102, 172 }, high[3] = { 178, 24, 43 };
    const double *end = t < 0 ? low : high;
    double a = fabs(t) > 1 ? 1 : fabs(t);
    for (int i = 0; i < 3; i++)
        rgb[i] = (int)lround(255 + (end[i] - 255) * a);
}

static double largest(const struct plot *plot)
{
    double most = 0;
    for (size_t p = 0; p < plot->n_panels; p++)
        for (size_t i = 0; i < 4 * plot->width; i++)
            if (isfinite(plot->panels[p].effect[i]))
                most = fmax(most, fabs(plot->panels[p].effect[i]));
    return most > 0 ? most : 1;
}

/* What the substitutions of a base take away on average: its height in the logo. */
static double importance(const struct plot *plot, size_t base)
{
    double sum = 0;
    int n = 0;
    for (size_t a = 0; a < 4; a++) {
        double x = plot->panels[0].effect[4 * base + a];
        if (bases[a] == plot->reference[base] || !isfinite(x))
            continue;
        sum -= x;
        n++;
    }
    return n ? sum / n : 0;
}

static void put_logo(FILE *out, const struct plot *plot)
{
    double most = 0, middle = TOP + LOGO / 2;
    for (size_t i = 0; i < plot->width; i++)
        most = fmax(most, fabs(importance(plot, i)));
    fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#999\"/>\n", LEFT,
            LEFT + CELL * (double)plot->width, middle, middle);
    for (size_t i = 0; i < plot->width; i++) {
        const char *letter = strchr(bases, plot->reference[i]);
        double x = importance(plot, i), height = most > 0 ? fabs(x) / most * LOGO / 2 : 0;
        if (!letter || !plot->reference[i] || height < 0.3)
            continue;
        double y = x > 0 ? middle - height : middle;
        fprintf(out,
                "<use href=\"#%c\" fill=\"%s\" transform=\"translate(%.1f %.2f) "
                "scale(%.1f %.2f)\"/>\n",
                *letter, letters[letter - bases].colour, LEFT + CELL * (double)i + 0.5, y, CELL - 1,
                height);
    }
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">reference</text>\n", LEFT - 8,
            middle + 4);
}

static void put_panel(FILE *out, const struct plot *plot, const struct plot_panel *panel, double y,
                      double most)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"bold\">", LEFT, y - 5);
    put_text(out, panel->title);
    fputs("</text>\n", out);
    for (size_t a = 0; a < 4; a++)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%c</text>\n", LEFT - 8,
                y + CELL * (double)a + 10, bases[a]);
    for (size_t i = 0; i < 4 * plot->width; i++) {
        double x = panel->effect[i];
        int rgb[3];
        if (!isfinite(x))
            continue;
        colour_of(x / most, rgb);
        fprintf(out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                "fill=\"#%02x%02x%02x\"><title>%lld %c&gt;%c %+.5f</title></rect>\n",
                LEFT + CELL * (double)(i / 4), y + CELL * (double)(i % 4), CELL, CELL, rgb[0],
                rgb[1], rgb[2], (long long)(plot->start + (int64_t)(i / 4)), plot->reference[i / 4],
                bases[i % 4], x);
    }
    for (size_t i = 0; i < plot->width; i++) { /* a dot where the reference is */
        const char *letter = strchr(bases, plot->reference[i]);
        if (letter && plot->reference[i])
            fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.5\" fill=\"#555\"/>\n",
                    LEFT + CELL * ((double)i + 0.5), y + CELL * ((double)(letter - bases) + 0.5));
    }
}

static void put_axis(FILE *out, const struct plot *plot, double y)
{
    for (size_t i = 0; i < plot->width; i++) {
        int64_t position = plot->start + (int64_t)i;
        double x = LEFT + CELL * ((double)i + 0.5);
        if (position % 10 && i)
            continue;
        fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#555\"/>\n", x,
                x, y, y + 4);
        if ((position % 20 == 0 && i > 5) || i == 0)
            fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%lld</text>\n", x,
                    y + 17, (long long)position);
    }
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", LEFT + CELL * (double)plot->width + 16, y + 17);
    put_text(out, plot->chrom);
    fputs("</text>\n", out);
}

static void put_scale(FILE *out, const struct plot *plot, double most)
{
    double x = LEFT + CELL * (double)plot->width + 16, y = TOP + LOGO + GAP, step = 4;
    for (int i = 0; i <= 24; i++) {
        int rgb[3];
        colour_of(1 - i / 12.0, rgb);
        fprintf(out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"%.1f\" "
                "fill=\"#%02x%02x%02x\"/>\n",
                x, y + step * i, step, rgb[0], rgb[1], rgb[2]);
    }
    const struct {
        double at, value;
    } marks[] = { { 0, most }, { 12, 0 }, { 24, -most } };
    for (size_t i = 0; i < 3; i++)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">%+.3g</text>\n", x + 16,
                y + step * marks[i].at + 6, marks[i].value);
}

int plot_svg(FILE *out, const struct plot *plot, struct mfd_error *err)
{
    double most = largest(plot), panel = 4 * CELL + GAP;
    double width = LEFT + CELL * (double)plot->width + RIGHT;
    double height = TOP + LOGO + GAP + panel * (double)plot->n_panels + 20;
    if (height < TOP + LOGO + GAP + 130)
        height = TOP + LOGO + GAP + 130; /* the scale's own */
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"11\">\n<title>",
            width, height, width, height);
    put_text(out, plot->title ? plot->title : "Effects of all substitutions");
    fputs("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<defs>", out);
    for (size_t i = 0; i < 4; i++)
        fprintf(out, "<path id=\"%c\" fill-rule=\"evenodd\" d=\"%s\"/>", bases[i], letters[i].path);
    fprintf(out, "</defs>\n<text x=\"%.1f\" y=\"22\" font-size=\"14\">", LEFT);
    put_text(out, plot->title ? plot->title : "Effects of all substitutions");
    fputs("</text>\n", out);
    put_logo(out, plot);
    double y = TOP + LOGO + GAP;
    for (size_t p = 0; p < plot->n_panels; p++, y += panel)
        put_panel(out, plot, &plot->panels[p], y, most);
    put_axis(out, plot, y - GAP + 2);
    put_scale(out, plot, most);
    fputs("</svg>\n", out);
    if (ferror(out))
        return mfd_fail(err, MFD_EIO, "cannot write the plot: %s", strerror(errno));
    return MFD_OK;
}
