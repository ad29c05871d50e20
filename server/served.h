/* A loaded model and its engine, shared by the registry and the requests that use it. */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"
#include "core/engine/engine.h"
#include "core/model/model.h"

struct mfd_introspection;
struct mfd_served;

/* Open a bundle, start its engine and, where `warm`, run a window through it. `version` NULL: the
 * first 12 digits of the digest. One reference. */
int mfd_served_open(struct mfd_served **out, const char *name, const char *version,
                    const char *path, const struct mfd_engine_options *options, bool warm,
                    struct mfd_error *err) MFD_MUST_CHECK;
struct mfd_served *mfd_served_ref(struct mfd_served *served);
void mfd_served_unref(struct mfd_served *served);

/* Borrowed, immutable, for the reference's life; any thread. */
const char *mfd_served_name(const struct mfd_served *served);
const char *mfd_served_version(const struct mfd_served *served);
const char *mfd_served_digest(const struct mfd_served *served); /* 64 hex */
struct mfd_model *mfd_served_model(const struct mfd_served *served);
struct mfd_engine *mfd_served_engine(const struct mfd_served *served); /* the batcher's alone */
/* What its weights say of its metadata (core/score/introspect.h): computed at the first call, while
 * others that ask wait. MFD_EUNSUPPORTED for a baseline. */
int mfd_served_introspection(struct mfd_served *served, const struct mfd_introspection **out,
                             struct mfd_error *err) MFD_MUST_CHECK;
/* Seconds a pass takes of late, by enum mfd_task_kind; the batcher reads and writes it under its
 * lock. */
double *mfd_served_pace(struct mfd_served *served);
