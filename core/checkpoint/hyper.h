/* Hyper-parameters out of a pickle, as JSON. */
#pragma once

#include <jansson.h>

#include "core/base/error.h"
#include "core/checkpoint/pickle.h"

/* A new object with what JSON can hold of a dictionary with text keys; the rest is left out.
 * Numbers may be NumPy scalars; lists may be tuples or NumPy arrays of text or integers. MFD_ELIMIT
 * where it is nested too deeply or has too many parts, MFD_EFORMAT where it is no dictionary. */
int mfd_hyper_to_json(const struct mfd_pickle_value *v, json_t **out,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* One value; NULL where JSON cannot hold it. */
json_t *mfd_hyper_value(const struct mfd_pickle_value *v);
