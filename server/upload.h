/* A body that goes to a file as it arrives, for model bundles and jobs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct mfd_upload;

/* A new file in `directory`, removed by mfd_upload_free unless kept. */
int mfd_upload_new(struct mfd_upload **out, const char *directory,
                   struct mfd_error *err) MFD_MUST_CHECK;
void mfd_upload_free(struct mfd_upload *upload);
int mfd_upload_write(struct mfd_upload *upload, const void *bytes, size_t n,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* Sync and close. */
int mfd_upload_finish(struct mfd_upload *upload, struct mfd_error *err) MFD_MUST_CHECK;
const char *mfd_upload_path(const struct mfd_upload *upload);
/* Move the file to `path`, which it then is for good. */
int mfd_upload_keep(struct mfd_upload *upload, const char *path,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* Remove the files of a directory that a crash left behind: those that `needed` says nobody needs.
 * Before uploads come. */
typedef int mfd_upload_needed(void *arg, const char *name, bool *yes, struct mfd_error *err);
int mfd_upload_clean(const char *directory, mfd_upload_needed *needed, void *arg,
                     struct mfd_error *err) MFD_MUST_CHECK;
