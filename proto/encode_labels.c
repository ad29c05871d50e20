#include "proto/encode_labels.h"

#include <string.h>

#include "proto/encode_in.h"
#include "proto/text.h"

size_t mfd_layout_shape(const struct mfd_layout *layout, size_t shape[3])
{
    size_t width = layout->n_parts ? layout->parts[0].width : 0;
    bool even = layout->tracks != NULL;
    for (size_t i = 1; i < layout->n_parts; i++)
        even = even && layout->parts[i].width == width;
    shape[0] = layout->rows;
    shape[1] = even ? layout->n_parts : mfd_layout_width(layout);
    shape[2] = width;
    return even ? 3 : 2;
}

size_t mfd_scan_shape(const struct mfd_layout *layout, size_t shape[4])
{
    size_t n = mfd_layout_shape(layout, shape);
    if (n != 3)
        return n;
    shape[2] = 4;
    shape[3] = layout->n_tracks;
    return 4;
}

static void add_name(const char *text, bool first, struct mfd_buffer *out)
{
    if (!first)
        mfd_buffer_addc(out, ',');
    mfd_text_json(out, text, strlen(text));
}

/* "effect.total" */
static void add_part(const struct mfd_part *part, bool first, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%s\"%s.%s\"", first ? "" : ",", part->group, part->name);
}

/* What number i of a part is. */
static void add_column(const struct mfd_layout *layout, const struct mfd_part *part, size_t i,
                       struct mfd_buffer *out)
{
    if (part->by_setting) {
        add_name(part->columns[i / layout->n_settings], true, out);
        mfd_text_member(out, "setting", layout->settings[i % layout->n_settings]);
    } else if (part->top)
        mfd_buffer_addf(out, "\"%s %zu\"", i % 2 ? "value" : "track", i / 2 + 1);
    else if (part->columns)
        add_name(part->columns[i], true, out);
    else
        mfd_buffer_addf(out, "\"%zu\"", part->first + i);
}

/* The last axis of an array whose parts have one of their own. */
static void add_columns(const struct mfd_layout *layout, bool scan, struct mfd_buffer *out)
{
    size_t width = scan ? layout->n_tracks : layout->parts[0].width;
    for (size_t i = 0; i < width; i++) {
        if (i)
            mfd_buffer_addc(out, ',');
        if (scan)
            add_name(layout->tracks[i], true, out);
        else
            add_column(layout, &layout->parts[0], i, out);
    }
}

/* The same where parts stand side by side: each number with its part, of a scan with its letter. */
static void add_numbers(const struct mfd_layout *layout, bool scan, struct mfd_buffer *out)
{
    size_t k = 0;
    for (const struct mfd_part *part = layout->parts; part < layout->parts + layout->n_parts;
         part++)
        for (size_t i = 0, width = scan ? part->width / 4 : part->width; i < part->width; i++) {
            mfd_buffer_adds(out, k++ ? ",{\"part\":" : "{\"part\":");
            add_part(part, true, out);
            if (scan)
                mfd_buffer_addf(out, ",\"letter\":\"%c\"", "ACGT"[i / width]);
            mfd_buffer_adds(out, ",\"column\":");
            add_column(layout, part, i % width, out);
            mfd_buffer_addc(out, '}');
        }
}

void mfd_labels_start(const struct mfd_layout *layout, bool scan, struct mfd_buffer *out)
{
    size_t shape[4], n = scan ? mfd_scan_shape(layout, shape) : mfd_layout_shape(layout, shape);
    mfd_buffer_adds(out, ",\"array\":{\"shape\":[");
    for (size_t i = 0; i < n; i++)
        mfd_buffer_addf(out, "%s%zu", i ? "," : "", shape[i]);
    mfd_buffer_adds(out, "],\"parts\":[");
    for (size_t i = 0; i < layout->n_parts; i++)
        add_part(&layout->parts[i], i == 0, out);
    if (n == 4)
        mfd_buffer_adds(out, "],\"letters\":[\"A\",\"C\",\"G\",\"T\"");
    mfd_buffer_adds(out, "],\"columns\":[");
    if (n > 2)
        add_columns(layout, scan, out);
    else
        add_numbers(layout, scan, out);
    mfd_buffer_adds(out, "],\"rows\":[");
}

void mfd_labels_row(const struct mfd_row_label *row, bool first, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%s{\"index\":%zu", first ? "" : ",", row->index);
    mfd_text_member(out, "id", row->id);
    if (row->chrom)
        mfd_text_member(out, "chrom", row->chrom);
    if (row->end > row->start) {
        mfd_encode_integer(out, "start", row->start);
        mfd_encode_integer(out, "end", row->end);
    }
    if (row->ref) {
        mfd_encode_integer(out, "pos", row->start + 1);
        mfd_text_member(out, "ref", row->ref);
        mfd_text_member(out, "alt", row->alt);
    }
    mfd_buffer_addc(out, '}');
}

void mfd_labels_end(struct mfd_buffer *out)
{
    mfd_buffer_adds(out, "]}");
}
