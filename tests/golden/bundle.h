/* The model of a golden case, by way of a bundle that is gone once it is open. */
#pragma once

#include <stdio.h>
#include <unistd.h>

#include "core/checkpoint/import.h"
#include "core/model/model.h"
#include "tests/util/test.h"

/* Import folder/{model.ckpt,mapping.yaml,metadata.tsv} to a new file; its name is in `path`. */
static inline void golden_import(const char *folder, char path[64])
{
    struct mfd_error err = MFD_ERROR_INIT;
    char checkpoint[1024], mapping[1024], metadata[1024];
    snprintf(checkpoint, sizeof checkpoint, "%s/model.ckpt", folder);
    snprintf(mapping, sizeof mapping, "%s/mapping.yaml", folder);
    snprintf(metadata, sizeof metadata, "%s/metadata.tsv", folder);
    snprintf(path, 64, "/tmp/mfd-golden-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct mfd_import_options options = { .checkpoint = checkpoint,
                                                .mapping = mapping,
                                                .metadata = metadata,
                                                .out = path,
                                                .tool = "test" };
    if (mfd_import(&options, NULL, &err))
        fail_msg("%s", err.message);
}

static inline struct mfd_model *golden_open(const char *folder)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_model *model;
    char path[64];
    golden_import(folder, path);
    if (mfd_model_open(&model, path, &err))
        fail_msg("%s", err.message);
    unlink(path);
    return model;
}
