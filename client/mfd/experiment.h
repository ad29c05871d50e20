/* Experiments in the terms of a model's metadata, as COLUMN=VALUE on the command line tells them.
 */
#pragma once

#include <jansson.h>

#include "client/mfd/app.h"

/* The columns of the model, for their types: *fields is a new reference. */
int experiment_fields(struct app *app, json_t **fields, struct mfd_error *err) MFD_MUST_CHECK;
/* COLUMN=VALUE (n bytes of `entry`) into a metadata object: a number for a column of numbers, a
 * label or several between commas otherwise, null where there is no value. MFD_EINVAL where the
 * column does not take it. */
int experiment_value(json_t *metadata, const json_t *fields, const char *entry, size_t n,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* What --set and `own` (may be NULL) say: *metadata is a new reference. MFD_EINVAL where that is
 * nothing. */
int experiment_metadata(json_t **metadata, const json_t *fields, const struct settings *set,
                        const struct list *own, struct mfd_error *err) MFD_MUST_CHECK;
/* The same as a virtual track of that id, with --like and --bias, at the end of `tracks`. */
int experiment_add(json_t *tracks, const json_t *fields, const struct settings *set, const char *id,
                   const struct list *own, struct mfd_error *err) MFD_MUST_CHECK;
/* What --set says as the only track that a request is about, "what if". */
int experiment_add_only(json_t *options, const json_t *fields, const struct settings *set,
                        struct mfd_error *err) MFD_MUST_CHECK;
