/* Tidy tables, arrays and genome browser tracks. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/tensor/npy.h"
#include "proto/encode_in.h"
#include "proto/encode_labels.h"
#include "proto/text.h"

/* --- TSV: a line a value --- */

static const char *const place_columns[] = {
    [MFD_INPUT_SEQUENCES] = "",
    [MFD_INPUT_INTERVALS] = "chrom\tstart\tend\tpadded\t",
    [MFD_INPUT_VARIANTS] = "chrom\tpos\tref\talt\tflipped\tpadded\t",
};
/* The same columns, empty. */
static const char *const no_place[] = {
    [MFD_INPUT_SEQUENCES] = "",
    [MFD_INPUT_INTERVALS] = "\t\t\t\t",
    [MFD_INPUT_VARIANTS] = "\t\t\t\t\t\t",
};

static void tsv_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    mfd_buffer_adds(out, "index\tid\tstatus\t");
    mfd_buffer_adds(out, place_columns[layout->input]);
    mfd_buffer_addf(out, "score\tcomponent\t%s\t%svalue\tproblem\tdetail\n",
                    layout->tracks ? "track" : "feature", layout->settings ? "setting\t" : "");
}

/* The columns before the score: they stand on every line of a row. */
static void add_place(const struct mfd_layout *layout, const struct mfd_result *result,
                      const struct mfd_row *row, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "%zu\t", result->index);
    mfd_text_tsv(out, result->id ? result->id : "");
    mfd_buffer_addf(out, "\t%s\t", mfd_outcome_names[result->outcome]);
    if (!row || layout->input == MFD_INPUT_SEQUENCES) {
        mfd_buffer_adds(out, no_place[layout->input]);
        return;
    }
    mfd_text_tsv(out, result->chrom);
    if (layout->input == MFD_INPUT_INTERVALS)
        mfd_buffer_addf(out, "\t%lld\t%lld\t%lld\t", (long long)row->start, (long long)row->end,
                        (long long)row->padded);
    else
        mfd_buffer_addf(out, "\t%lld\t%s\t%s\t%d\t%lld\t", (long long)result->start + 1,
                        result->ref, result->alt, result->flipped, (long long)row->padded);
}

void mfd_tsv_column(const struct mfd_layout *layout, const struct mfd_part *part, size_t i,
                    struct mfd_buffer *out)
{
    size_t each = part->by_setting ? layout->n_settings : 1;
    if (part->columns)
        mfd_text_tsv(out, part->columns[i / each]);
    else
        mfd_buffer_addf(out, "%zu", part->first + i);
    mfd_buffer_addc(out, '\t');
    if (part->by_setting)
        mfd_text_tsv(out, layout->settings[i % each]);
    if (layout->settings)
        mfd_buffer_addc(out, '\t');
}

static void tsv_part(const struct mfd_layout *layout, const struct mfd_part *part,
                     const float *values, const char *place, size_t n_place, struct mfd_buffer *out)
{
    struct mfd_buffer left = MFD_BUFFER_INIT; /* what stands before the track's name */
    mfd_buffer_add(&left, place, n_place);
    mfd_buffer_addf(&left, "%s\t%s\t", part->group, part->name);
    for (size_t i = 0; i < part->width && !left.failed; i++) {
        if (part->top && isnan(values[i]))
            break;
        mfd_buffer_add(out, left.data, left.len);
        if (part->top) {
            mfd_text_tsv(out, part->names[(size_t)values[i++]]);
            mfd_buffer_adds(out, layout->settings ? "\t\t" : "\t");
        } else {
            mfd_tsv_column(layout, part, i, out);
        }
        char *start = mfd_buffer_reserve(out, MFD_NUMBER_MAX + 3), *at = start;
        if (!start)
            break;
        if (isfinite(values[i])) /* else the field is empty */
            at += mfd_text_f32(at, values[i]);
        memcpy(at, "\t\t\n", 4);
        out->len += (size_t)(at - start) + 3;
    }
    out->failed |= left.failed;
    mfd_buffer_deinit(&left);
}

static void tsv_result(const struct mfd_layout *layout, const struct mfd_results *r,
                       const struct mfd_result *result, struct mfd_buffer *out)
{
    if (result->outcome != MFD_OUTCOME_OK) {
        add_place(layout, result, NULL, out);
        mfd_buffer_addf(out, "\t\t\t\t%s%s\t", layout->settings ? "\t" : "",
                        result->problem->type->slug);
        mfd_text_tsv(out, result->problem->detail);
        mfd_buffer_addc(out, '\n');
        return;
    }
    struct mfd_buffer place = MFD_BUFFER_INIT;
    for (size_t row = 0; row < result->n_rows; row++) {
        mfd_buffer_clear(&place);
        add_place(layout, result, &result->rows[row], &place);
        for (size_t i = 0; i < layout->n_parts && !place.failed; i++) {
            r->fill(r->ctx, result->first_row + row, i, r->scratch);
            tsv_part(layout, &layout->parts[i], r->scratch, place.data, place.len, out);
        }
    }
    out->failed |= place.failed;
    mfd_buffer_deinit(&place);
}

static void tsv_results(const struct mfd_layout *layout, const struct mfd_results *r,
                        struct mfd_buffer *out)
{
    for (size_t i = 0; i < r->n; i++)
        tsv_result(layout, r, &r->results[i], out);
}

static void nothing(const struct mfd_layout *layout, const struct mfd_counts *counts,
                    struct mfd_buffer *out)
{
    (void)layout, (void)counts, (void)out;
}

const struct mfd_encoder mfd_encode_tsv = { tsv_start, tsv_results, nothing, false };

/* --- npy: (rows, parts, tracks), or (rows, numbers) where parts differ in width --- */

static void npy_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    size_t shape[3], n = mfd_layout_shape(layout, shape);
    mfd_npy_header_f32(out, shape, n);
}

/* Single precision as it lies in memory: this program runs on little-endian machines. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "npy files are little-endian");

static void npy_results(const struct mfd_layout *layout, const struct mfd_results *r,
                        struct mfd_buffer *out)
{
    size_t width = mfd_layout_width(layout);
    for (size_t i = 0; i < r->n; i++) {
        const struct mfd_result *result = &r->results[i];
        bool ok = result->outcome == MFD_OUTCOME_OK;
        for (size_t row = 0; row < (ok ? result->n_rows : 1); row++) {
            float *at = r->scratch;
            for (size_t p = 0; ok && p < layout->n_parts; at += layout->parts[p++].width)
                r->fill(r->ctx, result->first_row + row, p, at);
            for (size_t j = 0; !ok && j < width; j++)
                r->scratch[j] = NAN;
            mfd_buffer_add(out, r->scratch, width * sizeof *r->scratch);
        }
    }
}

const struct mfd_encoder mfd_encode_npy = { npy_start, npy_results, nothing, false };

/* --- bedGraph: a section a track and component; one alone grows as results come --- */

/* A name between double quotes, which it may not hold itself. */
static void add_name(struct mfd_buffer *out, const char *name)
{
    for (; *name; name++)
        mfd_buffer_addc(out, *name == '"' || (unsigned char)*name < 0x20 ? '_' : *name);
}

static void add_head(const struct mfd_layout *layout, const struct mfd_part *part, size_t column,
                     struct mfd_buffer *out)
{
    size_t each = part->by_setting ? layout->n_settings : 1;
    mfd_buffer_adds(out, "track type=bedGraph name=\"");
    add_name(out, part->columns ? part->columns[column / each] : "feature");
    if (part->by_setting) {
        mfd_buffer_addc(out, ' ');
        add_name(out, layout->settings[column % each]);
    }
    mfd_buffer_addf(out, " %s\"\n", part->name);
}

static void bedgraph_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    for (size_t p = 0; mfd_layout_width(layout) == 1 && p < layout->n_parts; p++)
        if (layout->parts[p].width)
            add_head(layout, &layout->parts[p], 0, out);
}

/* All numbers of all rows: (rows, width). */
static float *gather(const struct mfd_layout *layout, const struct mfd_results *r, size_t width,
                     struct mfd_buffer *memory)
{
    size_t rows = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->results[i].outcome == MFD_OUTCOME_OK)
            for (size_t row = 0; row < r->results[i].n_rows; row++, rows++) {
                float *at = r->scratch;
                for (size_t p = 0; p < layout->n_parts; at += layout->parts[p++].width)
                    r->fill(r->ctx, r->results[i].first_row + row, p, at);
                mfd_buffer_add(memory, r->scratch, width * sizeof *r->scratch);
            }
    return memory->failed ? NULL : (float *)(void *)memory->data;
}

static void add_section(const struct mfd_results *r, const float *column, size_t stride,
                        struct mfd_buffer *out)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct mfd_result *result = &r->results[i];
        if (result->outcome != MFD_OUTCOME_OK)
            continue;
        for (size_t row = 0; row < result->n_rows; row++, column += stride) {
            if (!isfinite(*column))
                continue;
            mfd_text_tsv(out, result->chrom);
            mfd_buffer_addf(out, "\t%lld\t%lld\t", (long long)result->rows[row].start,
                            (long long)result->rows[row].end);
            char *at = mfd_buffer_reserve(out, MFD_NUMBER_MAX);
            if (!at)
                return;
            out->len += mfd_text_f32(at, *column);
            mfd_buffer_addc(out, '\n');
        }
    }
}

static void bedgraph_results(const struct mfd_layout *layout, const struct mfd_results *r,
                             struct mfd_buffer *out)
{
    size_t width = mfd_layout_width(layout), column = 0;
    struct mfd_buffer memory = MFD_BUFFER_INIT;
    const float *values = gather(layout, r, width, &memory);
    for (size_t p = 0; p < layout->n_parts; p++)
        for (size_t i = 0; i < layout->parts[p].width; i++, column++) {
            if (width > 1)
                add_head(layout, &layout->parts[p], i, out);
            if (values)
                add_section(r, values + column, width, out);
        }
    out->failed |= memory.failed;
    mfd_buffer_deinit(&memory);
}

const struct mfd_encoder mfd_encode_bedgraph = { bedgraph_start, bedgraph_results, nothing, true };
