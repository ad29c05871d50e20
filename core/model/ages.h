/* What the public code does to the ages of a metadata table before anything is coded: "90 or above"
 * is 90, rows without an age unit lose their age or are given a usual one, and what is missing then
 * is -1. See mfd_table_rules for the two ways. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/series.h"

/* The columns concerned, each with `rows` cells; `age` and `unit` are changed. `stage` and
 * `organism` may be NULL where `by_median` is false. */
struct mfd_ages {
    struct mfd_series *age, *unit;
    const struct mfd_series *stage, *organism;
    size_t rows;
};

int mfd_ages_prepare(const struct mfd_ages *ages, struct mfd_arena *arena, bool by_median,
                     struct mfd_error *err) MFD_MUST_CHECK;
