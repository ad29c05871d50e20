/* Every route there is. */
#include "server/router.h"

#include "server/handlers/routes.h"

const struct mfd_route *const mfd_all_routes[] = {
    mfd_routes_service,    mfd_routes_contract, mfd_routes_catalogue,
    mfd_routes_windows,    mfd_routes_variants, mfd_routes_normalize,
    mfd_routes_refget,     mfd_routes_infer,    mfd_routes_resolve,
    mfd_routes_introspect, mfd_routes_ism,      mfd_routes_admin,
    mfd_routes_keys,       mfd_routes_jobs,     NULL,
};
