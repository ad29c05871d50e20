/* Every route there is. A room adds its table here. */
#include "server/handlers/house.h"
#include "server/handlers/operations.h"
#include "server/router.h"

const struct mfd_route *const mfd_all_routes[] = {
    mfd_routes_service,    mfd_routes_contract, mfd_routes_catalogue,
    mfd_routes_windows,    mfd_routes_variants, mfd_routes_normalize,
    mfd_routes_refget,     mfd_routes_infer,    mfd_routes_resolve,
    mfd_routes_introspect, mfd_routes_ism,      mfd_routes_admin,
    mfd_routes_keys,       mfd_routes_jobs,     NULL,
};
