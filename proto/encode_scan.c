#include "proto/encode_scan.h"

#include <math.h>
#include <string.h>

#include "core/tensor/npy.h"
#include "proto/encode_in.h"
#include "proto/encode_labels.h"
#include "proto/text.h"

static const char letters[] = "ACGT";

/* --- JSON: a region with its bases; NDJSON: a line a base --- */

static void add_problem(const struct mfd_scan_base *base, struct mfd_buffer *out)
{
    mfd_text_member(out, "status", mfd_outcome_names[base->outcome]);
    if (base->outcome == MFD_OUTCOME_OK)
        return;
    mfd_buffer_adds(out, ",\"problem\":");
    mfd_problem_encode(base->problem, NULL, NULL, out);
}

/* A base of the scan. */
struct values {
    const struct mfd_layout *layout;
    const struct mfd_scan_bases *bases;
    size_t row;
};

/* A list of tracks (of levels, of their settings) for each of the four letters. */
static void add_part(const void *ctx, size_t i, struct mfd_buffer *out)
{
    const struct values *v = ctx;
    const struct mfd_scan_bases *b = v->bases;
    size_t width = v->layout->parts[i].width / 4;
    b->fill(b->ctx, v->row, i, b->scratch);
    for (size_t k = 0; k < 4; k++) {
        mfd_buffer_adds(out, k ? ",[" : "[");
        mfd_text_f32s(out, b->scratch + k * width, width);
        mfd_buffer_addc(out, ']');
    }
}

static void add_values(const struct mfd_layout *layout, const struct mfd_scan_bases *b, size_t row,
                       struct mfd_buffer *out)
{
    mfd_encode_parts(layout, add_part, &(struct values){ layout, b, row }, out);
}

/* "start":...,"reference":"A",... of a base, without braces */
static void add_base(const struct mfd_layout *layout, const struct mfd_scan_bases *b, size_t row,
                     struct mfd_buffer *out)
{
    const struct mfd_scan_base *base = &b->bases[row];
    mfd_buffer_addf(out, "\"start\":%lld,\"reference\":\"%c\"", (long long)base->at, base->base);
    add_problem(base, out);
    if (base->outcome != MFD_OUTCOME_OK)
        return;
    mfd_encode_integer(out, "padded", base->padded);
    add_values(layout, b, row, out);
}

static void add_region(const struct mfd_scan_base *base, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%s{\"index\":%zu", base->index ? "," : "", base->index);
    mfd_text_member(out, "id", base->id);
    if (base->unread) {
        add_problem(base, out);
        mfd_buffer_addc(out, '}');
        return;
    }
    mfd_text_member(out, "status", "ok");
    mfd_text_member(out, "chrom", base->chrom);
    mfd_encode_integer(out, "start", base->start);
    mfd_encode_integer(out, "end", base->end);
    mfd_buffer_adds(out, ",\"bases\":[");
}

static void json_bases(const struct mfd_layout *layout, const struct mfd_scan_bases *b,
                       struct mfd_buffer *out)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct mfd_scan_base *base = &b->bases[i];
        bool first = base->at == base->start;
        if (first || base->unread)
            add_region(base, out);
        if (base->unread)
            continue;
        mfd_buffer_adds(out, first ? "{" : ",{");
        add_base(layout, b, i, out);
        mfd_buffer_adds(out, base->at + 1 == base->end ? "}]}" : "}");
    }
}

static void ndjson_bases(const struct mfd_layout *layout, const struct mfd_scan_bases *b,
                         struct mfd_buffer *out)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct mfd_scan_base *base = &b->bases[i];
        mfd_buffer_addf(out, "{\"index\":%zu", base->index);
        mfd_text_member(out, "id", base->id);
        if (base->unread) {
            add_problem(base, out);
        } else {
            mfd_text_member(out, "chrom", base->chrom);
            mfd_buffer_addc(out, ',');
            add_base(layout, b, i, out);
        }
        mfd_buffer_adds(out, "}\n");
    }
}

static void json_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    mfd_encode_json.start(layout, out);
}

static void json_end(const struct mfd_layout *layout, const struct mfd_counts *counts,
                     struct mfd_buffer *out)
{
    mfd_encode_json.end(layout, counts, out);
}

static void ndjson_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    mfd_encode_ndjson.start(layout, out);
}

static void ndjson_end(const struct mfd_layout *layout, const struct mfd_counts *counts,
                       struct mfd_buffer *out)
{
    mfd_encode_ndjson.end(layout, counts, out);
}

const struct mfd_scan_encoder mfd_scan_json = { json_start, json_bases, json_end };
const struct mfd_scan_encoder mfd_scan_ndjson = { ndjson_start, ndjson_bases, ndjson_end };

/* --- TSV: a line a value, the base's own among them (0 where not centred) --- */

static void tsv_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    mfd_buffer_addf(out,
                    "index\tid\tstatus\tchrom\tpos\tref\talt\tpadded\tscore\tcomponent\t"
                    "track\t%svalue\tproblem\tdetail\n",
                    layout->settings ? "setting\t" : "");
}

static void add_place(const struct mfd_scan_base *base, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%zu\t", base->index);
    mfd_text_tsv(out, base->id ? base->id : "");
    mfd_buffer_addf(out, "\t%s\t", mfd_outcome_names[base->outcome]);
    if (base->unread) {
        mfd_buffer_adds(out, "\t\t\t");
        return;
    }
    mfd_text_tsv(out, base->chrom ? base->chrom : "");
    mfd_buffer_addf(out, "\t%lld\t%c\t", (long long)base->at + 1, base->base);
}

static void add_value(struct mfd_buffer *out, float value)
{
    char *at = mfd_buffer_reserve(out, MFD_NUMBER_MAX);
    if (at && isfinite(value))
        out->len += mfd_text_f32(at, value);
    mfd_buffer_adds(out, "\t\t\n");
}

static void tsv_values(const struct mfd_layout *layout, const struct mfd_scan_bases *b, size_t row,
                       const struct mfd_buffer *place, struct mfd_buffer *out)
{
    const struct mfd_scan_base *base = &b->bases[row];
    for (size_t i = 0; i < layout->n_parts; i++) {
        const struct mfd_part *part = &layout->parts[i];
        size_t width = part->width / 4;
        b->fill(b->ctx, row, i, b->scratch);
        for (size_t k = 0; k < part->width; k++) {
            mfd_buffer_add(out, place->data, place->len);
            mfd_buffer_addf(out, "%c\t%lld\t%s\t%s\t", letters[k / width], (long long)base->padded,
                            part->group, part->name);
            mfd_tsv_column(layout, part, k % width, out);
            add_value(out, b->scratch[k]);
        }
    }
}

static void tsv_bases(const struct mfd_layout *layout, const struct mfd_scan_bases *b,
                      struct mfd_buffer *out)
{
    struct mfd_buffer place = MFD_BUFFER_INIT;
    for (size_t i = 0; i < b->n && !place.failed; i++) {
        const struct mfd_scan_base *base = &b->bases[i];
        mfd_buffer_clear(&place);
        add_place(base, &place);
        if (base->outcome == MFD_OUTCOME_OK) {
            tsv_values(layout, b, i, &place, out);
            continue;
        }
        mfd_buffer_add(out, place.data, place.len);
        mfd_buffer_addf(out, "\t\t\t\t\t\t%s%s\t", layout->settings ? "\t" : "",
                        base->problem->type->slug);
        mfd_text_tsv(out, base->problem->detail);
        mfd_buffer_addc(out, '\n');
    }
    out->failed |= place.failed;
    mfd_buffer_deinit(&place);
}

static void nothing(const struct mfd_layout *layout, const struct mfd_counts *counts,
                    struct mfd_buffer *out)
{
    (void)layout, (void)counts, (void)out;
}

const struct mfd_scan_encoder mfd_scan_tsv = { tsv_start, tsv_bases, nothing };

/* --- npy: (bases, parts, 4, tracks), or (bases, numbers) where parts differ in width --- */

static void npy_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    size_t shape[4], n = mfd_scan_shape(layout, shape);
    mfd_npy_header_f32(out, shape, n);
}

static void npy_bases(const struct mfd_layout *layout, const struct mfd_scan_bases *b,
                      struct mfd_buffer *out)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t p = 0; p < layout->n_parts; p++) {
            size_t width = layout->parts[p].width;
            if (b->bases[i].outcome == MFD_OUTCOME_OK)
                b->fill(b->ctx, i, p, b->scratch);
            for (size_t k = 0; b->bases[i].outcome != MFD_OUTCOME_OK && k < width; k++)
                b->scratch[k] = NAN;
            mfd_buffer_add(out, b->scratch, width * sizeof *b->scratch);
        }
}

const struct mfd_scan_encoder mfd_scan_npy = { npy_start, npy_bases, nothing };
