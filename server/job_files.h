/* Files of jobs, in one directory: ID.in is what was sent, ID.out the result so far, and upload-*
 * what is being sent. All functions block on the disk; a failure for want of room has the slug
 * disk-full. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct mfd_store;
struct mfd_upload;

/* DIRECTORY/ID.in or DIRECTORY/ID.out; NULL on lack of memory. */
char *mfd_job_input_path(const char *directory, const char *id);
char *mfd_job_result_path(const char *directory, const char *id);

/* Keep what was sent, synced: it is there after a crash. */
int mfd_job_input_write(const char *directory, const char *id, const char *bytes, size_t n,
                        struct mfd_error *err) MFD_MUST_CHECK;
int mfd_job_input_keep(const char *directory, const char *id, struct mfd_upload *upload,
                       struct mfd_error *err) MFD_MUST_CHECK;
/* Open a result to go on behind its first `bytes` bytes; what stands behind them is cut off.
 * MFD_EMISMATCH where there are fewer. */
int mfd_job_result_open(const char *directory, const char *id, int64_t bytes, int *fd,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* Write at `offset` and sync. */
int mfd_job_result_append(int fd, int64_t offset, const char *bytes, size_t n,
                          struct mfd_error *err) MFD_MUST_CHECK;
void mfd_job_input_remove(const char *directory, const char *id);
void mfd_job_files_remove(const char *directory, const char *id); /* both */

/* Remove files that belong to no job of the store: what a crash left behind. Before anybody makes
 * jobs. */
int mfd_job_files_clean(const char *directory, struct mfd_store *store,
                        struct mfd_error *err) MFD_MUST_CHECK;
