/* Variants under two settings of the metadata: both effects, and the difference in differences. */
#pragma once

#include "client/mfd/app.h"

/* Is it a variant and no interval? The latter ends in a position, in every way to write it. */
bool contrast_is_variant(const char *text);
/* The members of a request for a - b: a, b, like and held. `fields` are the model's columns. */
int contrast_add(json_t *options, const json_t *fields, const struct settings *set,
                 struct mfd_error *err) MFD_MUST_CHECK;
/* The effects of variants under --a and under --b, and a - b: rows, or one document. */
int contrast_variants(struct app *app, int argc, char **argv, struct mfd_error *err) MFD_MUST_CHECK;
