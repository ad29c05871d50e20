/* mfd-model enrich: are cases told from controls by an effect? Matrices as `mfd-model score` writes
 * them, a row a variant; tables as tab-separated text. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/score/enrich.h"
#include "core/tensor/npy.h"
#include "core/tool/labels.h"
#include "core/tool/tool.h"

#define MOST_BINS 1000

/* What a folder written by `mfd-model score` may hold. */
static const char *const outputs[] = {
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

enum report { REPORT_BINS, REPORT_RANKING, REPORT_CORRELATION };
enum direction { ABSOLUTE, SIGNED, BOTH };
static const char *const report_names[] = { "bins", "ranking", "correlation", NULL };
static const char *const direction_names[] = { "absolute", "signed", "both", NULL };

/* One line of the table, kept until the false discovery rate over all of them is known. */
struct line {
    uint32_t output, column;
    uint8_t direction; /* ABSOLUTE or SIGNED */
    const char *name;  /* of the column, or "" */
    struct mfd_enrich_bin bin;
};

struct enrich {
    const char *operand;
    int report, direction;
    double cuts[MOST_BINS];
    size_t n_cuts;
    struct labels labels;
    double *values; /* correlation: (rows) measured, NaN where missing */
    size_t rows;
    char **names; /* of columns */
    size_t n_names;
    FILE *out;
    char *output[sizeof outputs / sizeof *outputs]; /* names of the matrices, as the table says */
    size_t n_outputs;
    struct line *lines;
    size_t n_lines;
};

/* One column without the rows that have no value or no label. */
struct column {
    double *x, *y;     /* (n): effects, and for correlations what was measured */
    uint8_t *positive; /* (n) */
    size_t n, cases;
};

static int choose(const char *const *names, const char *option, const char *text, int *out,
                  struct mfd_error *err)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return MFD_OK;
        }
    return mfd_fail(err, MFD_EINVAL, "--%s does not take '%s'", option, text);
}

/* Equal bins, or the quantiles between them. */
static int read_cuts(struct enrich *e, const char *bins, const char *quantiles,
                     struct mfd_error *err)
{
    int64_t n;
    if (!quantiles) {
        if (!mfd_parse_i64(bins, strlen(bins), 1, MOST_BINS, &n))
            return mfd_fail(err, MFD_EINVAL, "--bins takes a number from 1 to %d, not '%s'",
                            MOST_BINS, bins);
        for (e->n_cuts = 0; e->n_cuts + 1 < (size_t)n; e->n_cuts++)
            e->cuts[e->n_cuts] = (double)(e->n_cuts + 1) / (double)n;
        return MFD_OK;
    }
    for (const char *at = quantiles;;) {
        size_t len = strcspn(at, ",");
        double cut, before = e->n_cuts ? e->cuts[e->n_cuts - 1] : 0;
        if (!mfd_parse_double(at, len, &cut) || cut <= before || cut >= 1)
            return mfd_fail(err, MFD_EINVAL,
                            "--quantiles takes ascending numbers between 0 and 1, "
                            "not '%s'",
                            quantiles);
        if (e->n_cuts == MOST_BINS - 1)
            return mfd_fail(err, MFD_ELIMIT, "--quantiles takes at most %d", MOST_BINS - 1);
        e->cuts[e->n_cuts++] = cut;
        if (!at[len])
            return MFD_OK;
        at += len + 1;
    }
}

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
                        size_t c, enum direction direction, struct column *column)
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
                      const char *name, size_t c, enum direction direction, struct mfd_error *err)
{
    MFD_AUTO_FREE struct mfd_enrich_bin *bins = mfd_calloc(e->n_cuts + 1, sizeof *bins);
    if (!bins)
        return mfd_fail_nomem(err);
    int status =
        mfd_enrich_bins(column->x, column->positive, column->n, e->cuts, e->n_cuts, bins, err);
    for (size_t b = 0; b <= e->n_cuts && status == MFD_OK; b++)
        e->lines[e->n_lines++] =
            (struct line){ (uint32_t)output, (uint32_t)c, (uint8_t)direction, name, bins[b] };
    return status;
}

static int rank_column(struct enrich *e, const struct column *column, const char *output,
                       const char *name, size_t c, enum direction direction, struct mfd_error *err)
{
    double auroc, precision;
    int status = mfd_stats_auroc(column->x, column->positive, column->n, &auroc, &precision, err);
    if (status == MFD_OK)
        fprintf(e->out, "%s\t%zu\t%s\t%s\t%zu\t%zu\t%.9g\t%.9g\n", output, c, name,
                direction_names[direction], column->cases, column->n - column->cases, auroc,
                precision);
    return status;
}

static int correlate_column(struct enrich *e, const struct column *column, const char *output,
                            const char *name, size_t c, enum direction direction,
                            struct mfd_error *err)
{
    double p, rho, rho_p, r = mfd_stats_pearson(column->x, column->y, column->n, &p);
    int status = mfd_stats_spearman(column->x, column->y, column->n, &rho, &rho_p, err);
    if (status == MFD_OK)
        fprintf(e->out, "%s\t%zu\t%s\t%s\t%zu\t%.9g\t%.9g\t%.9g\t%.9g\n", output, c, name,
                direction_names[direction], column->n, r, p, rho, rho_p);
    return status;
}

static int report_column(struct enrich *e, const struct column *column, size_t c, size_t columns,
                         enum direction direction, struct mfd_error *err)
{
    size_t output = e->n_outputs - 1;
    const char *name = name_of(e, c, columns);
    switch ((enum report)e->report) {
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
    struct line *longer = mfd_realloc(e->lines, all, sizeof *longer);
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
            fill_column(e, t, label_of, c, (enum direction)d, &column);
            if (column.n == 0)
                return mfd_fail(err, MFD_EINVAL, "no row has both a value and a label");
            status = report_column(e, &column, c, columns, (enum direction)d, err);
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
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
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
        const struct line *l = &e->lines[i];
        const struct mfd_counts *t = &l->bin.counts;
        fprintf(e->out, "%s\t%u\t%s\t%s\t%.6g\t%.6g\t%.9g\t%.9g\t%llu\t%llu\t%llu\t%llu\t%.9g",
                e->output[l->output], l->column, l->name, direction_names[l->direction],
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

static int run(struct enrich *e, struct mfd_error *err)
{
    static const char *const headers[] = {
        "output\tcolumn\tname\tdirection\tfrom\tto\tlow\thigh\tcases_in\tcases_out\tcontrols_in\t"
        "controls_out\todds_ratio\tp\tp_less\tp_greater\tq",
        "output\tcolumn\tname\tdirection\tcases\tcontrols\tauroc\taverage_precision",
        "output\tcolumn\tname\tdirection\tn\tpearson\tpearson_p\tspearman\tspearman_p",
    };
    fprintf(e->out, "%s\n", headers[e->report]);
    int status = report_all(e, err);
    if (status == MFD_OK && e->report == REPORT_BINS)
        status = put_bins(e, err);
    return status;
}

static void enrich_deinit(struct enrich *e)
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

/* Names of columns, one a line; what stands behind a tab is passed over. */
static int read_names(struct enrich *e, const char *path, struct mfd_error *err)
{
    struct mfd_buffer file = MFD_BUFFER_INIT;
    int status = mfd_file_read(path, (size_t)64 << 20, &file, err);
    for (const char *at = status == MFD_OK ? file.data : ""; *at && status == MFD_OK;) {
        size_t n = strcspn(at, "\n");
        char **longer = mfd_realloc(e->names, e->n_names + 1, sizeof *longer);
        char *name = mfd_strndup(at, strcspn(at, "\t\r\n"));
        e->names = longer ? longer : e->names;
        if (longer && name)
            e->names[e->n_names++] = name;
        else
            status = mfd_fail_nomem(err);
        if (status < 0)
            free(name);
        at += n + (at[n] == '\n');
    }
    mfd_buffer_deinit(&file);
    return status;
}

/* The command line as it was given. */
struct wishes {
    const char *labels, *vcf, *cases, *controls, *direction, *bins, *quantiles, *columns, *report,
        *values, *out;
};

static int read_inputs(struct enrich *e, const struct wishes *w, struct mfd_error *err)
{
    bool correlation = e->report == REPORT_CORRELATION;
    if (correlation != (w->values != NULL))
        return mfd_fail(err, MFD_EINVAL, "--report correlation goes with --values, and only that");
    if (correlation && !w->labels && !w->vcf)
        return labels_values(&e->values, &e->rows, w->values, err);
    if (correlation || (w->labels != NULL) == (w->vcf != NULL))
        return mfd_fail(err, MFD_EINVAL,
                        "give --labels, or --vcf with --cases and --controls, or "
                        "--values: one of them");
    if (w->labels)
        return labels_read(&e->labels, w->labels, w->cases ? w->cases : "1",
                           w->controls ? w->controls : "0", err);
    if (!w->cases || !w->controls)
        return mfd_fail(err, MFD_EINVAL,
                        "--vcf needs --cases and --controls, such as --cases "
                        "'AF<0.005' --controls 'AF>=0.05'");
    return labels_from_vcf(&e->labels, w->vcf, w->cases, w->controls, err);
}

static int prepare(struct enrich *e, const struct wishes *w, struct mfd_error *err)
{
    int status = choose(report_names, "report", w->report, &e->report, err);
    if (status == MFD_OK)
        status = choose(direction_names, "direction", w->direction, &e->direction, err);
    if (status == MFD_OK)
        status = read_cuts(e, w->bins, w->quantiles, err);
    if (status == MFD_OK)
        status = read_inputs(e, w, err);
    if (status == MFD_OK && w->columns)
        status = read_names(e, w->columns, err);
    if (status == MFD_OK && w->out) {
        e->out = fopen(w->out, "w");
        if (!e->out)
            status = mfd_fail(err, MFD_EIO, "cannot write '%s': %s", w->out, strerror(errno));
    }
    return status;
}

static int finish(struct enrich *e, const struct wishes *w)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (!w->out)
        return tool_finish();
    bool good = !ferror(e->out);
    if (fclose(e->out) != 0 || !good) {
        mfd_fail(&err, MFD_EIO, "cannot write '%s': %s", w->out, strerror(errno));
        return tool_fail(&err);
    }
    return TOOL_OK;
}

int tool_enrich(const struct tool_command *self, int argc, char **argv)
{
    struct wishes w = { .direction = "absolute", .bins = "10", .report = "bins" };
    const struct tool_option options[] = {
        { "labels", 'l', "FILE", "a label a row of the matrix", false, &w.labels, NULL },
        { "vcf", 0, "VCF", "or: the variants, an allele a row", false, &w.vcf, NULL },
        { "cases", 0, "LABEL", "which are cases: a label (1) or a condition", false, &w.cases,
          NULL },
        { "controls", 0, "LABEL", "and controls (0)", false, &w.controls, NULL },
        { "values", 0, "FILE", "or: a number a row, for correlations", false, &w.values, NULL },
        { "report", 'r', "KIND", "bins, ranking or correlation", false, &w.report, NULL },
        { "direction", 'd', "KIND", "absolute, signed or both", false, &w.direction, NULL },
        { "bins", 'b', "N", "equal bins (10)", false, &w.bins, NULL },
        { "quantiles", 'q', "Q,...", "or: the quantiles between them", false, &w.quantiles, NULL },
        { "columns", 'c', "FILE", "names of the columns, one a line", false, &w.columns, NULL },
        { "out", 'o', "FILE", "write the table there", false, &w.out, NULL },
        { 0 },
    };
    struct enrich e = { .out = stdout };
    struct mfd_error err = MFD_ERROR_INIT;
    int code;
    if (!tool_parse(self, options, argc, argv, &e.operand, 1, &code))
        return code;
    int status = prepare(&e, &w, &err);
    if (status == MFD_OK)
        status = run(&e, &err);
    code = status < 0 ? tool_fail(&err) : finish(&e, &w);
    enrich_deinit(&e);
    return code;
}
