/* One call of core/score for the shares of several tasks. */
#pragma once

#include "core/base/error.h"
#include "core/engine/engine.h"
#include "server/flows.h"

/* Compute the shares and put every row where its task wants it. All shares fit together
 * (mfd_flows_select). `cancel` as in mfd_engine_run. */
int mfd_merge_run(struct mfd_engine *engine, const struct mfd_pick *selection,
                  const volatile int *cancel, struct mfd_error *err) MFD_MUST_CHECK;
