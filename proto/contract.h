/* The OpenAPI document of proto/openapi.yaml, as JSON, compiled in. */
#pragma once

#include <stddef.h>

extern const char mfd_contract_json[]; /* NUL behind */
extern const size_t mfd_contract_size; /* bytes without the NUL */
