/* mfd-model predict: outputs of separate windows, read from a FASTA file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/tool/arrays.h"
#include "core/tool/fasta.h"
#include "core/tool/runner.h"
#include "core/tool/tool.h"

struct job {
    const char *bundle, *sequences, *ensemble, *dir, *threads;
    struct mfd_error err;
};

static int check_lengths(const struct job *j, const struct fasta *fasta, struct mfd_ensemble e,
                         const struct mfd_config *c, struct mfd_error *err)
{
    size_t want = mfd_ensemble_window(e, c);
    for (size_t i = 0; i < fasta->n; i++)
        if (fasta->records[i].n != want)
            return mfd_fail(err, MFD_EINVAL,
                            "'%s': record %zu, '%.60s', has %zu bases; with the ensemble '%s' this "
                            "model reads windows of exactly %zu",
                            j->sequences, i + 1, fasta->records[i].name, fasta->records[i].n,
                            j->ensemble, want);
    return MFD_OK;
}

static int compute(struct job *j, struct mfd_engine *engine, const struct mfd_head *head,
                   const struct fasta *fasta, struct mfd_ensemble e)
{
    struct mfd_window windows[ARRAYS_ROWS];
    struct mfd_outputs out;
    MFD_CLEANUP(arrays_deinit) struct arrays arrays = { 0 };
    int status = arrays_open(&arrays, j->dir, &j->err);
    if (status == MFD_OK)
        status = arrays_add_outputs(&arrays, j->dir, "", head, &out, &j->err);
    for (size_t first = 0; first < fasta->n && status == MFD_OK; first += ARRAYS_ROWS) {
        size_t n = fasta->n - first < ARRAYS_ROWS ? fasta->n - first : ARRAYS_ROWS;
        for (size_t i = 0; i < n; i++)
            windows[i] =
                (struct mfd_window){ fasta->records[first + i].bases, fasta->records[first + i].n };
        status = mfd_score_sequences(engine, head, windows, n, e, &out, NULL, &j->err);
        if (status == MFD_OK)
            status = arrays_append(&arrays, n, &j->err);
    }
    return status ? status : arrays_finish(&arrays, &j->err);
}

static int run(struct job *j)
{
    MFD_CLEANUP(runner_close) struct runner r = { 0 };
    MFD_CLEANUP(fasta_deinit) struct fasta fasta = { 0 };
    struct mfd_ensemble e;
    int status = ensemble_parse(j->ensemble, &e, &j->err);
    if (status == MFD_OK)
        status = fasta_read(&fasta, j->sequences, &j->err);
    if (status == MFD_OK)
        status = runner_open(&r, j->bundle, NULL, j->threads, &j->err);
    if (status == MFD_OK)
        status = check_lengths(j, &fasta, e, mfd_model_config(r.model), &j->err);
    if (status == MFD_OK)
        status = compute(j, r.engine, mfd_model_head(r.model), &fasta, e);
    if (status == MFD_OK)
        fprintf(stderr, "%s: %zu windows, ensemble %s, into %s\n", TOOL_NAME, fasta.n, j->ensemble,
                j->dir);
    return status;
}

int tool_predict(const struct tool_command *self, int argc, char **argv)
{
    struct job j = { .ensemble = "strands", .err = MFD_ERROR_INIT };
    const struct tool_option options[] = {
        { "sequences", 's', "FASTA", "windows, each of exactly the model's length", true,
          &j.sequences, NULL },
        { "ensemble", 'e', "NAME", "none, strands (default) or published", false, &j.ensemble,
          NULL },
        { "out", 'o', "DIR", "folder for predictions.npy, logits.npy, ...", true, &j.dir, NULL },
        { "threads", 't', "N", "worker threads; default: one a core", false, &j.threads, NULL },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, &j.bundle, 1, &code))
        return code;
    return run(&j) ? tool_fail(&j.err) : TOOL_OK;
}
