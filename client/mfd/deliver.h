/* Running a batch into the format and the file asked for. */
#pragma once

#include "client/mfd/annotate.h"
#include "client/mfd/rows.h"
#include "client/mfd/source.h"

struct batch;

/* Run a batch and show it: as rows, or where `annotate` is given as the VCF that it came from; to
 * stdout or --output, going on from a run that was interrupted. Sets the batch's functions. */
int deliver_run(struct batch *batch, struct rows *rows, struct annotate *annotate,
                struct mfd_error *err) MFD_MUST_CHECK;
/* A batch of intervals or sequences (rows->kind) and its answer as rows, with --columns. `options`
 * is borrowed. */
int deliver_windows(const char *path, json_t *options, struct rows *rows, struct source *source,
                    struct mfd_error *err) MFD_MUST_CHECK;
