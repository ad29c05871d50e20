#include "core/tool/runner.h"

#include "core/tool/tool.h"

int runner_open(struct runner *r, const char *bundle, const char *genome, const char *threads,
                struct mfd_error *err)
{
    struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    *r = (struct runner){ 0 };
    int status = tool_threads(threads, &options.threads, err);
    if (status == MFD_OK && genome)
        status = mfd_genome_open(&r->genome, genome, err);
    if (status == MFD_OK)
        status = mfd_model_open(&r->model, bundle, err);
    if (status == MFD_OK)
        status = mfd_engine_new(&r->engine, r->model, &options, err);
    return status;
}

void runner_close(struct runner *r)
{
    mfd_engine_free(r->engine);
    mfd_genome_unref(r->genome);
    mfd_model_unref(r->model);
    *r = (struct runner){ 0 };
}
