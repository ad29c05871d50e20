#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/model/model.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);

static const struct mfd_tensor *find_tensor(const void *source, const char *name)
{
    return mfd_safetensors_find(source, name);
}

/* What opening does not look at: every number, and that the coded table follows from the tracks. */
static int check_contents(const struct mfd_model *model, struct mfd_error *err)
{
    const struct mfd_safetensors *st = mfd_model_weights(model);
    for (size_t i = 0; i < mfd_safetensors_count(st); i++) {
        const struct mfd_tensor *t = mfd_safetensors_at(st, i);
        size_t bad = mfd_tensor_first_nonfinite(t);
        if (bad != (size_t)-1)
            return mfd_fail(err, MFD_EFORMAT, "tensor '%.200s': element %zu is not a finite number",
                            t->name, bad);
    }
    const struct mfd_metadata *md = mfd_model_metadata(model);
    return mfd_metadata_mapping(md) ? mfd_metadata_check(md, find_tensor, st, err) : MFD_OK;
}

int tool_verify(const struct tool_command *self, int argc, char **argv)
{
    const char *path;
    bool quiet = false;
    const struct tool_option options[] = {
        { "quiet", 'q', NULL, "print nothing on success", false, NULL, &quiet },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, &path, 1, &code))
        return code;
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    int status = mfd_model_open(&model, path, &err);
    if (!status) {
        status = check_contents(model, &err);
        if (status)
            mfd_fail_prefix(&err, status, "'%s'", path);
    }
    if (status)
        return tool_fail(&err);
    if (!quiet)
        printf("%s: sound; %zu tensors, %zu tracks, sha256 %s\n", path,
               mfd_safetensors_count(mfd_model_weights(model)), mfd_model_tracks(model),
               mfd_model_digest(model));
    return tool_finish();
}
