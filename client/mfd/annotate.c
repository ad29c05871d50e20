#include <errno.h>
#include <string.h>

#include "client/mfd/annotate_in.h"
#include "client/mfd/show.h"

void annotate_deinit(struct annotate *a)
{
    annotate_fields_deinit(a);
    json_decref(a->head);
    *a = (struct annotate){ 0 };
}

/* --- the header --- */

/* A field that this run writes, or one that every run may: what an earlier one left is replaced. */
static bool is_ours(const struct annotate *a, const char *id, size_t n)
{
    bool ours = false;
    for (size_t i = 0; i < MFD_VCF_SUMMARIES && !ours; i++)
        ours = strlen(mfd_vcf_summaries[i].id) == n && memcmp(mfd_vcf_summaries[i].id, id, n) == 0;
    for (size_t i = 0; i < a->n && !ours; i++)
        ours = a->fields[i].id.len == n && memcmp(a->fields[i].id.data, id, n) == 0;
    return ours;
}

/* A header line that declares one of our fields: ours replaces it. */
static bool declares_ours(const struct annotate *a, const char *line)
{
    static const char start[] = "##INFO=<ID=";
    if (strncmp(line, start, sizeof start - 1) != 0)
        return false;
    line += sizeof start - 1;
    return is_ours(a, line, strcspn(line, ",>"));
}

static void put_quoted(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
    }
}

/* The line that tells what the numbers are of. */
static void put_source(const struct annotate *a, const char *model, const char *digest)
{
    const struct settings *set = &a->app->set;
    struct mfd_buffer line = MFD_BUFFER_INIT;
    const struct mfd_vcf_source source = {
        .model = model,
        .digest = digest,
        .scale = set->scale ? set->scale : "logit",
        .over = (const char *const *)set->over.at,
        .n_over = set->over.n,
        .settings = json_array_size(show_member(a->head, "provenance.settings")),
    };
    mfd_vcf_source_line(&source, &line);
    if (!line.failed)
        fprintf(a->app->out, "%s\n", line.data);
    mfd_buffer_deinit(&line);
}

static void put_declarations(const struct annotate *a)
{
    FILE *out = a->app->out;
    json_t *model = show_member(a->head, "provenance.model");
    json_t *digest = show_member(a->head, "provenance.digest");
    for (size_t i = 0; i < a->n; i++) {
        fprintf(out, "##INFO=<ID=%s,Number=A,Type=%s,Description=\"", a->fields[i].id.data,
                a->fields[i].type);
        put_quoted(out, a->fields[i].description.data);
        fputs("\">\n", out);
    }
    if (json_is_string(model) && json_is_string(digest))
        put_source(a, json_string_value(model), json_string_value(digest));
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
        if (!declares_ours(a, at))
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
    a->head = json_incref(line);
    int status = annotate_fields_init(a, err);
    if (status == MFD_OK && !a->begun)
        put_header(a);
    a->begun = true;
    return status;
}

/* --- records --- */

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
        if (!len || (len == 1 && info[at] == '.') || is_ours(a, info + at, key))
            continue;
        fputs(any ? ";" : "", out);
        fwrite(info + at, 1, len, out);
        any = true;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!a->fields[i].given)
            continue;
        fprintf(out, "%s%s=%s", any ? ";" : "", a->fields[i].id.data, a->fields[i].text.data);
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
    if (!line || !a->head)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer has no first line");
    for (size_t i = 0; i < a->n; i++) {
        if (!a->alleles) {
            mfd_buffer_clear(&a->fields[i].text);
            a->fields[i].given = false;
        } else {
            mfd_buffer_addc(&a->fields[i].text, ',');
        }
    }
    int status = annotate_fields_tell(a, result, err);
    if (status < 0)
        return status;
    if (++a->alleles < line->alleles)
        return MFD_OK;
    put_record(a, line->text);
    source_line_done(a->source);
    a->alleles = 0;
    if (ferror(a->app->out))
        return mfd_fail(err, MFD_EIO, "cannot write the output: %s", strerror(errno));
    return MFD_OK;
}
