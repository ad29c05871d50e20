#include "core/tool/labels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/genome/vcf.h"

#define FILE_LIMIT ((size_t)1 << 30)
#define MOST_TERMS 8

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

void labels_deinit(struct labels *labels)
{
    free(labels->row);
    free(labels->record);
    *labels = (struct labels){ 0 };
}

/* The array with room for one more element of `size` bytes behind n; NULL on lack of memory, the
 * array then as it was. Capacities are powers of two. */
static void *roomy(void *array, size_t n, size_t size)
{
    return n & (n - 1) ? array : mfd_realloc(array, n ? 2 * n : 1, size);
}

static int add_row(struct labels *labels, enum label label, struct mfd_error *err)
{
    uint8_t *row = roomy(labels->row, labels->n, sizeof *row);
    if (!row)
        return mfd_fail_nomem(err);
    labels->row = row;
    labels->row[labels->n++] = (uint8_t)label;
    return MFD_OK;
}

/* The next line of a text, without its end; false at the end. */
static bool next_line(const char **text, const char **line, size_t *n)
{
    if (!**text)
        return false;
    *line = *text;
    *n = strcspn(*text, "\n");
    *text += *n + ((*text)[*n] == '\n');
    if (*n && (*line)[*n - 1] == '\r')
        --*n;
    return true;
}

static bool same(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(text, word, n) == 0;
}

int labels_read(struct labels *out, const char *path, const char *cases, const char *controls,
                struct mfd_error *err)
{
    struct mfd_buffer file = MFD_BUFFER_INIT;
    struct labels labels = { 0 };
    int status = mfd_file_read(path, FILE_LIMIT, &file, err);
    const char *text = status == MFD_OK ? file.data : "", *line;
    for (size_t n; status == MFD_OK && next_line(&text, &line, &n);) {
        const char *tab = memchr(line, '\t', n);
        n = tab ? (size_t)(tab - line) : n;
        status = add_row(&labels,
                         same(line, n, cases)      ? LABEL_CASE
                         : same(line, n, controls) ? LABEL_CONTROL
                                                   : LABEL_NEITHER,
                         err);
    }
    mfd_buffer_deinit(&file);
    if (status < 0)
        labels_deinit(&labels);
    else
        *out = labels;
    return status;
}

int labels_values(double **values, size_t *count, const char *path, struct mfd_error *err)
{
    static const char *const missing[] = { "", ".", "NA", "NaN", "nan" };
    struct mfd_buffer file = MFD_BUFFER_INIT;
    MFD_AUTO_FREE double *array = NULL;
    size_t rows = 0;
    int status = mfd_file_read(path, FILE_LIMIT, &file, err);
    const char *text = status == MFD_OK ? file.data : "", *line;
    for (size_t n; status == MFD_OK && next_line(&text, &line, &n);) {
        double value = NAN;
        bool none = false;
        for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
            none = none || same(line, n, missing[i]);
        if (!none && !mfd_parse_double(line, n, &value))
            status = mfd_fail(err, MFD_EFORMAT, "line %zu of '%s' is no number: '%.*s'", rows + 1,
                              path, (int)(n < 40 ? n : 40), line);
        double *longer = status == MFD_OK ? roomy(array, rows, sizeof *array) : NULL;
        if (longer) {
            array = longer;
            array[rows++] = value;
        } else if (status == MFD_OK) {
            status = mfd_fail_nomem(err);
        }
    }
    mfd_buffer_deinit(&file);
    if (status == MFD_OK) {
        *values = mfd_steal(array);
        *count = rows;
    }
    return status;
}

enum comparison { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, UNEQUAL };

struct term {
    char key[32];
    enum comparison comparison;
    double value;
};

struct condition {
    struct term term[MOST_TERMS];
    size_t n;
};

/* The operator at `text` and how long it is. */
static size_t read_comparison(const char *text, enum comparison *out)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } known[] = { { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "==", EQUAL }, { "!=", UNEQUAL },
                  { "<", LESS },        { ">", GREATER },        { "=", EQUAL } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(text, known[i].text, strlen(known[i].text)) == 0) {
            *out = known[i].comparison;
            return strlen(known[i].text);
        }
    return 0;
}

static int read_condition(struct condition *out, const char *text, struct mfd_error *err)
{
    const char *at = text;
    for (out->n = 0; out->n < MOST_TERMS; out->n++) {
        struct term *term = &out->term[out->n];
        size_t key = strcspn(at, "<>=!,"), number;
        size_t sign = key < sizeof term->key ? read_comparison(at + key, &term->comparison) : 0;
        number = strcspn(at + key + sign, ",");
        if (!key || !sign || !mfd_parse_double(at + key + sign, number, &term->value))
            return mfd_fail(err, MFD_EINVAL,
                            "'%s' is no condition; write such as AF<0.005 or "
                            "AF>=0.05,AN>100",
                            text);
        memcpy(term->key, at, key);
        term->key[key] = '\0';
        at += key + sign + number;
        if (!*at) {
            out->n++;
            return MFD_OK;
        }
        at++;
    }
    return mfd_fail(err, MFD_EINVAL, "'%s' has more than %d parts", text, MOST_TERMS);
}

/* The value of an INFO key for one allele (the only one where the field has only one); NaN where
 * missing. */
static double info_value(struct mfd_span info, const char *key, size_t allele)
{
    const char *end = info.s + info.n;
    size_t key_len = strlen(key);
    for (const char *at = info.s, *next; at < end; at = next) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        stop = stop ? stop : end;
        next = stop + 1;
        if ((size_t)(stop - at) <= key_len || at[key_len] != '=' || memcmp(at, key, key_len) != 0)
            continue;
        at += key_len + 1;
        bool single = !memchr(at, ',', (size_t)(stop - at));
        for (size_t skip = single ? 0 : allele; skip; skip--) {
            at = memchr(at, ',', (size_t)(stop - at));
            if (!at)
                return NAN;
            at++;
        }
        const char *comma = memchr(at, ',', (size_t)(stop - at));
        double value;
        return mfd_parse_double(at, (size_t)((comma ? comma : stop) - at), &value) ? value : NAN;
    }
    return NAN;
}

static double field_value(struct mfd_span info, const char *key, size_t allele)
{
    bool minor = strcmp(key, "MAF") == 0;
    double value = info_value(info, key, allele);
    if (!isnan(value) || (!minor && strcmp(key, "AF") != 0))
        return value;
    double af = info_value(info, "AF", allele);
    if (isnan(af))
        af = info_value(info, "AC", allele) / info_value(info, "AN", 0);
    return minor && af > 0.5 ? 1 - af : af;
}

static bool holds(const struct condition *condition, struct mfd_span info, size_t allele)
{
    for (size_t i = 0; i < condition->n; i++) {
        const struct term *t = &condition->term[i];
        double x = field_value(info, t->key, allele);
        const bool results[] = {
            [LESS] = x<t->value, [LESS_EQUAL] = x <= t->value, [GREATER] = x> t->value,
            [GREATER_EQUAL] = x >= t->value,
            [EQUAL] = x == t->value,
            [UNEQUAL] = x != t->value
        };
        if (isnan(x) || !results[t->comparison])
            return false;
    }
    return true;
}

static int add_record(struct labels *labels, const struct mfd_vcf_record *record,
                      const struct condition *cases, const struct condition *controls,
                      struct mfd_error *err)
{
    size_t alleles = record->malformed ? 1 : record->alleles;
    int status = MFD_OK;
    for (size_t a = 0; a < alleles && status == MFD_OK; a++) {
        struct mfd_span info = record->column[MFD_VCF_INFO];
        bool is_case = !record->malformed && holds(cases, info, a);
        bool is_control = !record->malformed && holds(controls, info, a);
        if (is_case && is_control)
            return mfd_fail(err, MFD_EINVAL,
                            "line %llu of the VCF is a case and a control; choose "
                            "conditions that exclude one another",
                            (unsigned long long)record->line);
        size_t *of = roomy(labels->record, labels->n, sizeof *of);
        if (!of)
            return mfd_fail_nomem(err);
        labels->record = of;
        labels->record[labels->n] = labels->records;
        status = add_row(labels,
                         is_case      ? LABEL_CASE
                         : is_control ? LABEL_CONTROL
                                      : LABEL_NEITHER,
                         err);
    }
    labels->records++;
    return status;
}

int labels_from_vcf(struct labels *out, const char *path, const char *cases, const char *controls,
                    struct mfd_error *err)
{
    struct condition of_cases, of_controls;
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    const struct mfd_vcf_record *record;
    struct labels labels = { 0 };
    int status = read_condition(&of_cases, cases, err);
    if (status == MFD_OK)
        status = read_condition(&of_controls, controls, err);
    if (status == MFD_OK)
        status = mfd_vcf_reader_open(&reader, path, NULL, err);
    while (status == MFD_OK) {
        status = mfd_vcf_reader_next(reader, &record, err);
        if (status < 0 || !record)
            break;
        status = add_record(&labels, record, &of_cases, &of_controls, err);
    }
    if (status < 0)
        labels_deinit(&labels);
    else
        *out = labels;
    return status;
}
