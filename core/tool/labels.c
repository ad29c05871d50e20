#include "core/tool/labels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/tool/alleles.h"
#include "core/tool/condition.h"

#define FILE_LIMIT ((size_t)1 << 30)

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

static int add_record(struct labels *labels, const struct mfd_vcf_record *record,
                      const struct condition *cases, const struct condition *controls,
                      struct mfd_error *err)
{
    int status = MFD_OK;
    for (size_t a = 0; a < alleles_of(record) && status == MFD_OK; a++) {
        bool is_case = condition_holds(cases, record, a);
        bool is_control = condition_holds(controls, record, a);
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
    int status = condition_read(&of_cases, cases, err);
    if (status == MFD_OK)
        status = condition_read(&of_controls, controls, err);
    if (status == MFD_OK)
        status = mfd_vcf_reader_open(&reader, path, NULL, err);
    while (status == MFD_OK) {
        status = alleles_next(reader, path, &record, err);
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
