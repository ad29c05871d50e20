/* mfd-model enrich: are cases told from controls by an effect? Matrices as `mfd-model score` writes
 * them, a row a variant; tables as tab-separated text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/tool/enrich_tables.h"
#include "core/tool/tool.h"

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
        if (!mfd_parse_i64(bins, strlen(bins), 1, ENRICH_MOST_BINS, &n))
            return mfd_fail(err, MFD_EINVAL, "--bins takes a number from 1 to %d, not '%s'",
                            ENRICH_MOST_BINS, bins);
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
        if (e->n_cuts == ENRICH_MOST_BINS - 1)
            return mfd_fail(err, MFD_ELIMIT, "--quantiles takes at most %d", ENRICH_MOST_BINS - 1);
        e->cuts[e->n_cuts++] = cut;
        if (!at[len])
            return MFD_OK;
        at += len + 1;
    }
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
    int status = choose(enrich_reports, "report", w->report, &e->report, err);
    if (status == MFD_OK)
        status = choose(enrich_directions, "direction", w->direction, &e->direction, err);
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
        status = enrich_run(&e, &err);
    code = status < 0 ? tool_fail(&err) : finish(&e, &w);
    enrich_deinit(&e);
    return code;
}
