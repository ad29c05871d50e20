#include "core/tool/enrich_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/tensor/npy.h"

const char *const enrich_reports[] = { "bins", "ranking", "correlation", NULL };
const char *const enrich_directions[] = { "absolute", "signed", "both", NULL };

/* What a folder written by `mfd-model score` may hold. */
static const char *const outputs[ENRICH_OUTPUTS] = {
    "predictions",
    "logits",
    "logits_biological",
    "logits_technical",
    "logits_biological_ver2",
    "logits_technical_ver2",
    "features_biological",
    "features_technical",
    "features",
};

/* One column without the rows that have no value or no label. */
struct column {
    double *x, *y;     /* (n): effects, and for correlations what was measured */
    uint8_t *positive; /* (n) */
    size_t n, cases;
};

static double element(const struct mfd_tensor *t, size_t i)
{
    return t->dtype == MFD_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

/* The label row of matrix row r: matrices have a row an allele, or a row a record (then its first
 * allele's label). */
static int match_rows(const struct enrich *e, size_t rows, const char *path, size_t *label_of,
                      struct mfd_error *err)
{
    const struct labels *l = &e->labels;
    size_t have = e->values ? e->rows : l->n;
    if (rows == have) {
        for (size_t r = 0; r < rows; r++)
            label_of[r] = r;
        return MFD_OK;
    }
    if (l->record && rows == l->records) {
        for (size_t i = l->n; i-- > 0;)
            label_of[l->record[i]] = i;
        return MFD_OK;
    }
    return mfd_fail(err, MFD_EMISMATCH, "'%s' has %zu rows, and there are %zu %s", path, rows, have,
                    e->values ? "values" : "labels");
}

static void fill_column(const struct enrich *e, const struct mfd_tensor *t, const size_t *label_of,
                        size_t c, enum enrich_direction direction, struct column *column)
{
    size_t columns = t->ndim == 2 ? t->shape[1] : 1;
    column->n = column->cases = 0;
    for (size_t r = 0; r < t->shape[0]; r++) {
        double x = element(t, r * columns + c), y = 0;
        uint8_t label = LABEL_CASE;
        if (e->values)
            y = e->values[label_of[r]];
        else
            label = e->labels.row[label_of[r]];
        if (!isfinite(x) || isnan(y) || label == LABEL_NEITHER)
            continue;
        column->x[column->n] = direction == ABSOLUTE ? fabs(x) : x;
        column->y[column->n] = y;
        column->cases += column->positive[column->n] = label == LABEL_CASE;
        column->n++;
    }
}

static const char *name_of(const struct enrich *e, size_t column, size_t columns)
{
    return e->n_names == columns ? e->names[column] : "";
}

static int bin_column(struct enrich *e, const struct column *column, size_t output,
                      const char *name, size_t c, enum enrich_direction direction,
                      struct mfd_error *err)
{
    MFD_AUTO_FREE struct mfd_enrich_bin *bins = mfd_calloc(e->n_cuts + 1, sizeof *bins);
    if (!bins)
        return mfd_fail_nomem(err);
    int status =
        mfd_enrich_bins(column->x, column->positive, column->n, e->cuts, e->n_cuts, bins, err);
    for (size_t b = 0; b <= e->n_cuts && status == MFD_OK; b++)
        e->lines[e->n_lines++] = (struct enrich_line){ (uint32_t)output, (uint32_t)c,
                                                       (uint8_t)direction, name, bins[b] };
    return status;
}

static int rank_column(struct enrich *e, const struct column *column, const char *output,
                       const char *name, size_t c, enum enrich_direction direction,
                       struct mfd_error *err)
{
    double auroc, precision;
    int status = mfd_stats_auroc(column->x, column->positive, column->n, &auroc, &precision, err);
    if (status == MFD_OK)
        fprintf(e->out, "%s\t%zu\t%s\t%s\t%zu\t%zu\t%.9g\t%.9g\n", output, c, name,
                enrich_directions[direction], column->cases, column->n - column->cases, auroc,
                precision);
    return status;
}

static int correlate_column(struct enrich *e, const struct column *column, const char *output,
                            const char *name, size_t c, enum enrich_direction direction,
                            struct mfd_error *err)
{
    double p, rho, rho_p, r = mfd_stats_pearson(column->x, column->y, column->n, &p);
    int status = mfd_stats_spearman(column->x, column->y, column->n, &rho, &rho_p, err);
    if (status == MFD_OK)
        fprintf(e->out, "%s\t%zu\t%s\t%s\t%zu\t%.9g\t%.9g\t%.9g\t%.9g\n", output, c, name,
                enrich_directions[direction], column->n, r, p, rho, rho_p);
    return status;
}

static int report_column(struct enrich *e, const struct column *column, size_t c, size_t columns,
                         enum enrich_direction direction, struct mfd_error *err)
{
    size_t output = e->n_outputs - 1;
    const char *name = name_of(e, c, columns);
    switch ((enum enrich_report)e->report) {
    case REPORT_BINS:
        return bin_column(e, column, output, name, c, direction, err);
    case REPORT_RANKING:
        return rank_column(e, column, e->output[output], name, c, direction, err);
    case REPORT_CORRELATION:
        return correlate_column(e, column, e->output[output], name, c, direction, err);
    }
    return MFD_EINVAL;
}

/* Room for the lines of one more matrix. */
static int reserve_lines(struct enrich *e, size_t columns, struct mfd_error *err)
{
    size_t more, all;
    if (!mfd_mul(columns, (e->n_cuts + 1) * 2, &more) || !mfd_add(e->n_lines, more, &all))
        return mfd_fail_nomem(err);
    struct enrich_line *longer = mfd_realloc(e->lines, all, sizeof *longer);
    if (!longer)
        return mfd_fail_nomem(err);
    e->lines = longer;
    return MFD_OK;
}

static int report_columns(struct enrich *e, const struct mfd_tensor *t, const size_t *label_of,
                          struct mfd_error *err)
{
    size_t rows = t->shape[0], columns = t->ndim == 2 ? t->shape[1] : 1;
    MFD_AUTO_FREE double *x = mfd_calloc(rows, sizeof *x);
    MFD_AUTO_FREE double *y = mfd_calloc(rows, sizeof *y);
    MFD_AUTO_FREE uint8_t *positive = mfd_calloc(rows, 1);
    struct column column = { .x = x, .y = y, .positive = positive };
    if (!x || !y || !positive)
        return mfd_fail_nomem(err);
    int status = e->report == REPORT_BINS ? reserve_lines(e, columns, err) : MFD_OK;
    for (size_t c = 0; c < columns; c++)
        for (int d = ABSOLUTE; d <= SIGNED && status == MFD_OK; d++) {
            if (e->direction != BOTH && e->direction != d)
                continue;
            fill_column(e, t, label_of, c, (enum enrich_direction)d, &column);
            if (column.n == 0)
                return mfd_fail(err, MFD_EINVAL, "no row has both a value and a label");
            status = report_column(e, &column, c, columns, (enum enrich_direction)d, err);
        }
    return status;
}

static int report_matrix(struct enrich *e, const char *path, const char *name,
                         struct mfd_error *err)
{
    struct mfd_npy npy;
    int status = mfd_npy_read(path, &npy, err);
    if (status < 0)
        return status;
    const struct mfd_tensor *t = &npy.tensor;
    MFD_AUTO_FREE size_t *label_of = NULL;
    if ((t->ndim != 1 && t->ndim != 2) || (t->dtype != MFD_F32 && t->dtype != MFD_F64)) {
        status = mfd_fail(err, MFD_EFORMAT, "'%s' is no matrix of floats, a row a variant", path);
    } else {
        label_of = mfd_calloc(t->shape[0], sizeof *label_of);
        e->output[e->n_outputs] = mfd_strdup(name);
        status = label_of && e->output[e->n_outputs] ? MFD_OK : mfd_fail_nomem(err);
    }
    if (status == MFD_OK) {
        e->n_outputs++;
        status = match_rows(e, t->shape[0], path, label_of, err);
    }
    if (status == MFD_OK) {
        status = report_columns(e, t, label_of, err);
        if (status < 0)
            mfd_fail_prefix(err, status, "'%s'", path);
    }
    mfd_npy_deinit(&npy);
    return status;
}

/* The one file, or all known files of the folder. */
static int report_all(struct enrich *e, struct mfd_error *err)
{
    struct stat st;
    if (stat(e->operand, &st) < 0 || !S_ISDIR(st.st_mode)) {
        const char *slash = strrchr(e->operand, '/'), *base = slash ? slash + 1 : e->operand;
        size_t n = strlen(base);
        if (n > 4 && strcmp(base + n - 4, ".npy") == 0)
            n -= 4;
        MFD_AUTO_FREE char *name = mfd_strndup(base, n);
        return name ? report_matrix(e, e->operand, name, err) : mfd_fail_nomem(err);
    }
    for (size_t i = 0; i < ENRICH_OUTPUTS; i++) {
        struct mfd_buffer path = MFD_BUFFER_INIT;
        mfd_buffer_addf(&path, "%s/%s.npy", e->operand, outputs[i]);
        int status = path.failed ? mfd_fail_nomem(err) : MFD_OK;
        if (status == MFD_OK && stat(path.data, &st) == 0)
            status = report_matrix(e, path.data, outputs[i], err);
        mfd_buffer_deinit(&path);
        if (status < 0)
            return status;
    }
    return e->n_outputs ? MFD_OK
                        : mfd_fail(err, MFD_ENOTFOUND,
                                   "'%s' holds none of the outputs of "
                                   "mfd-model score, such as logits.npy",
                                   e->operand);
}

/* A probability from its logarithm, also where it is smaller than a double can be. */
static void put_p(FILE *out, double log_p)
{
    double ten = log_p / log(10);
    if (ten > -300)
        fprintf(out, "\t%.9g", exp(log_p));
    else
        fprintf(out, "\t%.6fe%.0f", pow(10, ten - floor(ten)), floor(ten));
}

static int put_bins(const struct enrich *e, struct mfd_error *err)
{
    MFD_AUTO_FREE double *q = mfd_calloc(e->n_lines, sizeof *q);
    if (!q)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < e->n_lines; i++)
        q[i] = exp(e->lines[i].bin.log_p);
    int status = mfd_stats_fdr(q, e->n_lines, q, err);
    for (size_t i = 0; i < e->n_lines && status == MFD_OK; i++) {
        const struct enrich_line *l = &e->lines[i];
        const struct mfd_contingency *t = &l->bin.counts;
        fprintf(e->out, "%s\t%u\t%s\t%s\t%.6g\t%.6g\t%.9g\t%.9g\t%llu\t%llu\t%llu\t%llu\t%.9g",
                e->output[l->output], l->column, l->name, enrich_directions[l->direction],
                l->bin.from, l->bin.to, l->bin.low, l->bin.high, (unsigned long long)t->a,
                (unsigned long long)t->b, (unsigned long long)t->c, (unsigned long long)t->d,
                l->bin.odds_ratio);
        put_p(e->out, l->bin.log_p);
        put_p(e->out, l->bin.log_less);
        put_p(e->out, l->bin.log_greater);
        fprintf(e->out, "\t%.9g\n", q[i]);
    }
    return status;
}

int enrich_run(struct enrich *e, struct mfd_error *err)
{
    static const char *const headers[] = {
        ("output\tcolumn\tname\tdirection\tfrom\tto\tlow\thigh\tcases_in\tcases_out\tcontrols_in\t"
         "controls_out\todds_ratio\tp\tp_less\tp_greater\tq"),
        "output\tcolumn\tname\tdirection\tcases\tcontrols\tauroc\taverage_precision",
        "output\tcolumn\tname\tdirection\tn\tpearson\tpearson_p\tspearman\tspearman_p",
    };
    fprintf(e->out, "%s\n", headers[e->report]);
    int status = report_all(e, err);
    if (status == MFD_OK && e->report == REPORT_BINS)
        status = put_bins(e, err);
    return status;
}

void enrich_deinit(struct enrich *e)
{
    labels_deinit(&e->labels);
    for (size_t i = 0; i < e->n_outputs; i++)
        free(e->output[i]);
    for (size_t i = 0; i < e->n_names; i++)
        free(e->names[i]);
    free(e->names);
    free(e->values);
    free(e->lines);
}
