/* The operations and routes of this room. */
#pragma once

#include "server/operation.h"
#include "server/router.h"

extern const struct mfd_operation mfd_operation_predict, mfd_operation_features,
    mfd_operation_variants, mfd_operation_infer, mfd_operation_marginal, mfd_operation_contrast,
    mfd_operation_ism;

extern const struct mfd_route mfd_routes_windows[], mfd_routes_variants[], mfd_routes_contract[],
    mfd_routes_normalize[], mfd_routes_refget[], mfd_routes_infer[], mfd_routes_resolve[],
    mfd_routes_introspect[], mfd_routes_ism[];
