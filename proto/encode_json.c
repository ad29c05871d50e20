#include <math.h>
#include <string.h>

#include "proto/encode_in.h"
#include "proto/text.h"

const char *const mfd_outcome_names[] = { "ok", "skipped", "error", NULL };

size_t mfd_layout_width(const struct mfd_layout *layout)
{
    size_t width = 0;
    for (size_t i = 0; i < layout->n_parts; i++)
        width += layout->parts[i].width;
    return width;
}

void mfd_encode_integer(struct mfd_buffer *out, const char *name, int64_t value)
{
    mfd_buffer_addf(out, ",\"%s\":%lld", name, (long long)value);
}

/* {"track":...,"value":...},... */
static void add_top(const struct mfd_part *part, const float *pairs, struct mfd_buffer *out)
{
    for (size_t i = 0; i < part->width && !isnan(pairs[i]); i += 2) {
        const char *name = part->names[(size_t)pairs[i]];
        mfd_buffer_adds(out, i ? ",{\"track\":" : "{\"track\":");
        mfd_text_json(out, name, strlen(name));
        mfd_buffer_adds(out, ",\"value\":");
        mfd_text_f32s(out, pairs + i + 1, 1);
        mfd_buffer_addc(out, '}');
    }
}

void mfd_encode_parts(const struct mfd_layout *layout, mfd_part_fn add, const void *ctx,
                      struct mfd_buffer *out)
{
    const char *group = NULL;
    for (size_t i = 0; i < layout->n_parts; i++) {
        const struct mfd_part *part = &layout->parts[i];
        bool opens = !group || strcmp(group, part->group) != 0;
        if (opens)
            mfd_buffer_addf(out, "%s,\"%s\":{", group ? "}" : "", part->group);
        group = part->group;
        mfd_buffer_addf(out, "%s\"%s\":[", opens ? "" : ",", part->name);
        add(ctx, i, out);
        mfd_buffer_addc(out, ']');
    }
    if (group)
        mfd_buffer_addc(out, '}');
}

/* A row of the results. */
struct values {
    const struct mfd_layout *layout;
    const struct mfd_results *results;
    size_t row;
};

static void add_part(const void *ctx, size_t i, struct mfd_buffer *out)
{
    const struct values *v = ctx;
    const struct mfd_results *r = v->results;
    const struct mfd_part *part = &v->layout->parts[i];
    r->fill(r->ctx, v->row, i, r->scratch);
    if (part->top)
        add_top(part, r->scratch, out);
    else
        mfd_text_f32s(out, r->scratch, part->width);
}

static void add_values(const struct mfd_layout *layout, const struct mfd_results *r, size_t row,
                       struct mfd_buffer *out)
{
    mfd_encode_parts(layout, add_part, &(struct values){ layout, r, row }, out);
}

static void add_bins(const struct mfd_layout *layout, const struct mfd_results *r,
                     const struct mfd_result *result, struct mfd_buffer *out)
{
    mfd_text_member(out, "chrom", result->chrom);
    mfd_encode_integer(out, "start", result->start);
    mfd_encode_integer(out, "end", result->end);
    mfd_buffer_adds(out, ",\"bins\":[");
    for (size_t i = 0; i < result->n_rows; i++) {
        const struct mfd_row *row = &result->rows[i];
        mfd_buffer_addf(out, "%s{\"start\":%lld", i ? "," : "", (long long)row->start);
        mfd_encode_integer(out, "end", row->end);
        mfd_encode_integer(out, "padded", row->padded);
        add_values(layout, r, result->first_row + i, out);
        mfd_buffer_addc(out, '}');
    }
    mfd_buffer_addc(out, ']');
}

static void add_variant(const struct mfd_result *result, struct mfd_buffer *out)
{
    mfd_buffer_adds(out, ",\"variant\":{\"chrom\":");
    mfd_text_json(out, result->chrom, strlen(result->chrom));
    mfd_encode_integer(out, "pos", result->start + 1);
    mfd_text_member(out, "ref", result->ref);
    mfd_text_member(out, "alt", result->alt);
    mfd_buffer_addf(out, "},\"flipped\":%s", result->flipped ? "true" : "false");
    mfd_encode_integer(out, "padded", result->rows[0].padded);
}

static void add_result(const struct mfd_layout *layout, const struct mfd_results *r,
                       const struct mfd_result *result, struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "{\"index\":%zu", result->index);
    mfd_text_member(out, "id", result->id);
    mfd_text_member(out, "status", mfd_outcome_names[result->outcome]);
    if (result->outcome != MFD_OUTCOME_OK) {
        mfd_buffer_adds(out, ",\"problem\":");
        mfd_problem_encode(result->problem, NULL, NULL, out);
    } else if (layout->input == MFD_INPUT_INTERVALS) {
        add_bins(layout, r, result, out);
    } else {
        if (layout->input == MFD_INPUT_VARIANTS)
            add_variant(result, out);
        add_values(layout, r, result->first_row, out);
    }
    mfd_buffer_addc(out, '}');
}

/* {"provenance":...,"tracks":[...] without the brace that closes it */
static void add_head(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    mfd_buffer_adds(out, "{\"provenance\":");
    mfd_buffer_adds(out, layout->provenance);
    if (!layout->tracks)
        return;
    mfd_buffer_adds(out, ",\"tracks\":[");
    for (size_t i = 0; i < layout->n_tracks; i++) {
        if (i)
            mfd_buffer_addc(out, ',');
        mfd_text_json(out, layout->tracks[i], strlen(layout->tracks[i]));
    }
    mfd_buffer_addc(out, ']');
}

/* "summary":{...}} */
static void add_summary(const struct mfd_counts *counts, struct mfd_buffer *out)
{
    mfd_buffer_addf(out,
                    "\"summary\":{\"items\":%llu,\"ok\":%llu,\"skipped\":%llu,\"error\":%llu,"
                    "\"reasons\":{",
                    (unsigned long long)(counts->ok + counts->skipped + counts->error),
                    (unsigned long long)counts->ok, (unsigned long long)counts->skipped,
                    (unsigned long long)counts->error);
    for (size_t i = 0; i < counts->n_reasons; i++)
        mfd_buffer_addf(out, "%s\"%s\":%llu", i ? "," : "", counts->reasons[i].slug,
                        (unsigned long long)counts->reasons[i].n);
    mfd_buffer_adds(out, "}}}");
}

static void json_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    add_head(layout, out);
    mfd_buffer_adds(out, ",\"results\":[");
}

static void json_results(const struct mfd_layout *layout, const struct mfd_results *r,
                         struct mfd_buffer *out)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->results[i].index)
            mfd_buffer_addc(out, ',');
        add_result(layout, r, &r->results[i], out);
    }
}

static void json_end(const struct mfd_layout *layout, const struct mfd_counts *counts,
                     struct mfd_buffer *out)
{
    (void)layout;
    mfd_buffer_adds(out, "],");
    add_summary(counts, out);
    mfd_buffer_addc(out, '\n');
}

static void ndjson_start(const struct mfd_layout *layout, struct mfd_buffer *out)
{
    add_head(layout, out);
    mfd_buffer_adds(out, "}\n");
}

static void ndjson_results(const struct mfd_layout *layout, const struct mfd_results *r,
                           struct mfd_buffer *out)
{
    for (size_t i = 0; i < r->n; i++) {
        add_result(layout, r, &r->results[i], out);
        mfd_buffer_addc(out, '\n');
    }
}

static void ndjson_end(const struct mfd_layout *layout, const struct mfd_counts *counts,
                       struct mfd_buffer *out)
{
    (void)layout;
    mfd_buffer_addc(out, '{');
    add_summary(counts, out);
    mfd_buffer_addc(out, '\n');
}

const struct mfd_encoder mfd_encode_json = { json_start, json_results, json_end, false };
const struct mfd_encoder mfd_encode_ndjson = { ndjson_start, ndjson_results, ndjson_end, false };
