/* Routes of the house itself: health, catalogue, administration. */
#pragma once

#include "server/router.h"

extern const struct mfd_route mfd_routes_service[], mfd_routes_catalogue[], mfd_routes_admin[],
    mfd_routes_keys[], mfd_routes_jobs[];
