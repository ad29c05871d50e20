/* The routes of this folder, a table a file; server/routes.c lists them. */
#pragma once

#include "server/router.h"

extern const struct mfd_route mfd_routes_service[], mfd_routes_catalogue[], mfd_routes_admin[],
    mfd_routes_keys[], mfd_routes_jobs[], mfd_routes_windows[], mfd_routes_variants[],
    mfd_routes_contract[], mfd_routes_normalize[], mfd_routes_refget[], mfd_routes_infer[],
    mfd_routes_resolve[], mfd_routes_introspect[], mfd_routes_ism[];
