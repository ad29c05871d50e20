/* The mapping file of a model: YAML in, checked mapping out. The only user of libyaml.
 *
 * Strict where YAML is lax: one document, no key twice, no merge keys, no tags but the plain ones,
 * names and labels that YAML takes for numbers, dates or truth values must be quoted. Aliases are
 * followed, but never beyond a stated number of nodes. Sources: YAML 1.1 as PyYAML's safe_load
 * resolves it; core/model/mapping.h for what a mapping may say. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/mapping.h"

#define MFD_MAX_YAML ((size_t)1 << 20) /* bytes of a mapping file */
#define MFD_MAX_YAML_NODES 50000       /* values after following aliases */
#define MFD_MAX_YAML_DEPTH 8           /* a mapping needs 4 */

/* Parse n bytes of YAML. MFD_EFORMAT and MFD_ELIMIT name the line. */
int mfd_mapping_parse(struct mfd_mapping **out, const char *text, size_t n,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* The same from a file. */
int mfd_mapping_load(struct mfd_mapping **out, const char *path,
                     struct mfd_error *err) MFD_MUST_CHECK;
