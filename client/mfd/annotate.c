#include "client/mfd/annotate.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "client/lib/problem.h"
#include "client/mfd/show.h"
#include "proto/text.h"

enum { STATUS, TRACK, EFFECT, BIO, TECH, L2, SHARE, TOP };

static const struct {
    const char *id, *type, *description;
} fields[ANNOTATE_FIELDS] = {
    [STATUS] = { "MFD_STATUS", "String",
                 "ok, flipped (ALT is the reference allele) or why the allele was not scored" },
    [TRACK] = { "MFD_TRACK", "String", "Track with the largest effect" },
    [EFFECT] = { "MFD_EFFECT", "Float", "Effect on that track: alternative minus reference" },
    [BIO] = { "MFD_BIO", "Float", "Biological part of MFD_EFFECT" },
    [TECH] = { "MFD_TECH", "Float", "Technical part of MFD_EFFECT" },
    [L2] = { "MFD_L2", "Float", "Root of the sum of squared effects over all tracks asked for" },
    [SHARE] = { "MFD_SHARE", "Float",
                "Biological share of the effects: sum |biological| / (sum |biological| + sum "
                "|technical|); mostly technical below 0.5" },
    [TOP] = { "MFD_TOP", "String",
              "Tracks with the largest effects, as track:effect:biological:technical between |" },
};

void annotate_deinit(struct annotate *a)
{
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++)
        mfd_buffer_deinit(&a->field[i]);
    json_decref(a->head);
    a->head = NULL;
}

static bool wanted(const struct annotate *a, size_t field)
{
    return field == TOP                                        ? a->top > 1
           : (field == BIO || field == TECH || field == SHARE) ? a->parts
                                                               : true;
}

static size_t field_of(const char *key, size_t n)
{
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++)
        if (strlen(fields[i].id) == n && memcmp(fields[i].id, key, n) == 0)
            return i;
    return ANNOTATE_FIELDS;
}

/* A header line that declares one of our fields: ours replaces it. */
static bool declares_ours(const char *line)
{
    static const char start[] = "##INFO=<ID=";
    if (strncmp(line, start, sizeof start - 1) != 0)
        return false;
    line += sizeof start - 1;
    return field_of(line, strcspn(line, ",>")) < ANNOTATE_FIELDS;
}

static void put_declarations(const struct annotate *a)
{
    FILE *out = a->app->out;
    json_t *model = show_member(a->head, "provenance.model");
    json_t *digest = show_member(a->head, "provenance.digest");
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++)
        if (wanted(a, i))
            fprintf(out, "##INFO=<ID=%s,Number=A,Type=%s,Description=\"%s\">\n", fields[i].id,
                    fields[i].type, fields[i].description);
    if (json_is_string(model) && json_is_string(digest))
        fprintf(out, "##mfd=<Model=\"%s\",Digest=\"%s\",Scale=\"%s\">\n", json_string_value(model),
                json_string_value(digest), a->app->set.scale ? a->app->set.scale : "logit");
}

static void put_header(struct annotate *a)
{
    FILE *out = a->app->out;
    const char *at = a->source->header.data ? a->source->header.data : "";
    bool columns = false;
    if (strncmp(at, "##fileformat=", 13) != 0)
        fputs("##fileformat=VCFv4.2\n", out);
    for (size_t n; *at; at += n) {
        n = strcspn(at, "\n") + 1;
        if (strncmp(at, "#CHROM", 6) == 0) {
            put_declarations(a);
            columns = true;
        }
        if (!declares_ours(at))
            fwrite(at, 1, n, out);
    }
    if (!columns) {
        put_declarations(a);
        fputs("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", out);
    }
}

int annotate_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct annotate *a = arg;
    (void)err;
    a->head = json_incref(line);
    if (!a->begun)
        put_header(a);
    a->begun = true;
    return MFD_OK;
}

static void number(struct mfd_buffer *out, json_t *value)
{
    if (json_is_number(value))
        mfd_buffer_addf(out, "%.7g", json_number_value(value));
    else
        mfd_buffer_addc(out, '.');
}

/* Index of the largest effect in size that is smaller than that of `before`, or after it where they
 * are as large; SIZE_MAX: the largest of all, and: none is left. */
static size_t next_largest(json_t *values, size_t before)
{
    size_t best = SIZE_MAX, i;
    double limit =
        before == SIZE_MAX ? INFINITY : fabs(json_number_value(json_array_get(values, before)));
    double size = -1;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        double x = fabs(json_number_value(value));
        if ((x < limit || (x == limit && before != SIZE_MAX && i > before)) && x > size) {
            best = i;
            size = x;
        }
    }
    return best;
}

static void set(struct annotate *a, size_t field, json_t *value)
{
    number(&a->field[field], value);
    a->given[field] = a->given[field] || json_is_number(value);
}

static void set_name(struct annotate *a, struct mfd_buffer *out, size_t track)
{
    const char *id = json_string_value(json_array_get(json_object_get(a->head, "tracks"), track));
    mfd_text_vcf(out, id ? id : ".");
}

static double sum_of_sizes(json_t *values)
{
    double sum = 0;
    json_t *value;
    size_t i;
    json_array_foreach(values, i, value) sum += fabs(json_number_value(value));
    return sum;
}

/* |biological| / (|biological| + |technical|) over all tracks. */
static void set_share(struct annotate *a, json_t *bio, json_t *tech)
{
    double biological = sum_of_sizes(bio), whole = biological + sum_of_sizes(tech);
    json_t *share = whole > 0 ? json_real(biological / whole) : NULL;
    set(a, SHARE, share);
    json_decref(share);
}

static void set_effects(struct annotate *a, json_t *result)
{
    json_t *total = show_member(result, "effect.total"), *value;
    json_t *bio = show_member(result, "effect.biological");
    json_t *tech = show_member(result, "effect.technical");
    size_t best = next_largest(total, SIZE_MAX), i;
    double squares = 0;
    json_array_foreach(total, i, value)
    {
        squares += json_number_value(value) * json_number_value(value);
    }
    if (best == SIZE_MAX)
        mfd_buffer_addc(&a->field[TRACK], '.');
    else
        set_name(a, &a->field[TRACK], best);
    a->given[TRACK] = a->given[TRACK] || best != SIZE_MAX;
    set(a, EFFECT, json_array_get(total, best));
    set(a, BIO, json_array_get(bio, best));
    set(a, TECH, json_array_get(tech, best));
    json_t *l2 = best == SIZE_MAX ? NULL : json_real(sqrt(squares));
    set(a, L2, l2);
    json_decref(l2);
    set_share(a, bio, tech);
    if (best == SIZE_MAX)
        mfd_buffer_addc(&a->field[TOP], '.');
    for (size_t k = 0, at = best; k < a->top && at != SIZE_MAX; k++, at = next_largest(total, at)) {
        mfd_buffer_adds(&a->field[TOP], k ? "|" : "");
        set_name(a, &a->field[TOP], at);
        json_t *const each[] = { total, bio, tech };
        for (size_t p = 0; p < 3; p++) {
            mfd_buffer_addc(&a->field[TOP], ':');
            number(&a->field[TOP], json_array_get(each[p], at));
        }
        a->given[TOP] = true;
    }
}

static void set_status(struct annotate *a, json_t *result)
{
    const char *state = json_string_value(json_object_get(result, "status"));
    struct mfd_buffer reason = MFD_BUFFER_INIT;
    if (strcmp(state, "ok") == 0)
        state = json_is_true(json_object_get(result, "flipped")) ? "flipped" : "ok";
    else
        state = mfd_problem_text(&reason, json_object_get(result, "problem"));
    mfd_text_vcf(&a->field[STATUS], *state ? state : "error");
    a->given[STATUS] = true;
    mfd_buffer_deinit(&reason);
}

/* The INFO column without fields of ours that the input had, then ours. */
static void put_info(const struct annotate *a, const char *info, size_t n)
{
    FILE *out = a->app->out;
    bool any = false;
    for (size_t at = 0, len; at < n; at += len + 1) {
        const char *stop = memchr(info + at, ';', n - at);
        len = stop ? (size_t)(stop - info) - at : n - at;
        size_t key = strcspn(info + at, "=;\t");
        key = key < len ? key : len;
        if (!len || (len == 1 && info[at] == '.') || field_of(info + at, key) < ANNOTATE_FIELDS)
            continue;
        fputs(any ? ";" : "", out);
        fwrite(info + at, 1, len, out);
        any = true;
    }
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++) {
        if (!wanted(a, i) || !a->given[i])
            continue;
        fprintf(out, "%s%s=%s", any ? ";" : "", fields[i].id, a->field[i].data);
        any = true;
    }
    fputs(any ? "" : ".", out);
}

static void put_record(const struct annotate *a, const char *line)
{
    FILE *out = a->app->out;
    const char *at = line;
    for (int column = 0; column < 7; column++) {
        size_t n = strcspn(at, "\t");
        if (n)
            fwrite(at, 1, n, out);
        else
            putc('.', out);
        putc('\t', out);
        at += n + (at[n] == '\t');
    }
    size_t n = strcspn(at, "\t");
    put_info(a, at, n);
    fputs(at + n, out);
    putc('\n', out);
}

int annotate_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    struct annotate *a = arg;
    struct source_line *line = source_line(a->source);
    (void)input;
    if (!line || !a->begun)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer has no first line");
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++) {
        if (!a->alleles) {
            mfd_buffer_clear(&a->field[i]);
            a->given[i] = false;
        } else {
            mfd_buffer_addc(&a->field[i], ',');
        }
    }
    set_status(a, result);
    set_effects(a, result);
    for (size_t i = 0; i < ANNOTATE_FIELDS; i++)
        if (a->field[i].failed)
            return mfd_fail_nomem(err);
    if (++a->alleles < line->alleles)
        return MFD_OK;
    put_record(a, line->text);
    source_line_done(a->source);
    a->alleles = 0;
    if (ferror(a->app->out))
        return mfd_fail(err, MFD_EIO, "cannot write the output: %s", strerror(errno));
    return MFD_OK;
}
