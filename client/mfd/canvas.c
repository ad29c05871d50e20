#include "client/mfd/canvas.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/file.h"

#define MARGIN 16.0
#define PIXELS 2.0     /* of a PNG, a unit */
#define POINTS 0.75    /* of a PDF, a unit: 1/72 inch for 1/96 */
#define LARGEST 32000. /* pixels either way, cairo's limit */

enum kind { SVG, PNG, PDF, KINDS };
static const struct {
    const char *suffix;
    double scale;
} kinds[KINDS] = { { ".svg", 1 }, { ".png", PIXELS }, { ".pdf", POINTS } };

static enum kind kind_of(const char *path)
{
    size_t n = strlen(path);
    int k = 0;
    while (k < KINDS && (n < 5 || strcmp(path + n - 4, kinds[k].suffix) != 0))
        k++;
    return (enum kind)k;
}

bool canvas_knows(const char *path)
{
    return kind_of(path) < KINDS;
}

static cairo_status_t on_bytes(void *arg, const unsigned char *bytes, unsigned n)
{
    struct mfd_buffer *file = arg;
    mfd_buffer_add(file, bytes, n);
    return file->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

struct extent {
    double x, y, width, height;
};

static struct extent measure(canvas_draw draw, const void *arg)
{
    struct extent e = { 0 };
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, NULL);
    cairo_t *cr = cairo_create(surface);
    draw(cr, arg);
    cairo_recording_surface_ink_extents(surface, &e.x, &e.y, &e.width, &e.height);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return (struct extent){ floor(e.x) - MARGIN, floor(e.y) - MARGIN, ceil(e.width) + 2 * MARGIN,
                            ceil(e.height) + 2 * MARGIN };
}

static cairo_surface_t *surface_of(enum kind kind, double width, double height, const char *title,
                                   struct mfd_buffer *file)
{
    cairo_surface_t *surface;
    switch (kind) {
    case SVG:
        surface = cairo_svg_surface_create_for_stream(on_bytes, file, width, height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
        return surface;
    case PDF:
        surface = cairo_pdf_surface_create_for_stream(on_bytes, file, width, height);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
        return surface;
    default:
        return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    }
}

int canvas_write(const char *path, const char *title, canvas_draw draw, const void *arg,
                 struct mfd_error *err)
{
    enum kind kind = kind_of(path);
    if (kind == KINDS)
        return mfd_fail(err, MFD_EINVAL, "'%s' ends in none of .svg, .png and .pdf", path);
    struct extent e = measure(draw, arg);
    double scale = kinds[kind].scale;
    double width = ceil(e.width * scale), height = ceil(e.height * scale);
    if (width > LARGEST || height > LARGEST)
        return mfd_fail(err, MFD_ELIMIT, "the picture would be larger than %.0f pixels; draw less",
                        LARGEST);
    struct mfd_buffer file = MFD_BUFFER_INIT;
    cairo_surface_t *surface = surface_of(kind, width, height, title, &file);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, scale, scale);
    cairo_translate(cr, -e.x, -e.y);
    draw(cr, arg);
    cairo_status_t why = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    if (why == CAIRO_STATUS_SUCCESS && kind == PNG)
        why = cairo_surface_write_to_png_stream(surface, on_bytes, &file);
    cairo_surface_finish(surface);
    if (why == CAIRO_STATUS_SUCCESS)
        why = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    int status = why == CAIRO_STATUS_SUCCESS ? mfd_file_replace(path, file.data, file.len, err)
                 : file.failed               ? mfd_fail_nomem(err)
                                             : mfd_fail(err, MFD_EIO, "cannot draw '%s': %s", path,
                                                        cairo_status_to_string(why));
    mfd_buffer_deinit(&file);
    return status;
}
