/* A pickle read as data. A pickle is a program for a stack machine that may call anything Python
 * can import; this reader calls nothing. It keeps what would have been called, and with what, as
 * plain values, and refuses every opcode and every name that a checkpoint has no business with
 * (core/checkpoint/allow.c), so that no reader of the values has to think of them.
 *
 * Format: Python's pickletools module, protocols 2 to 5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/checkpoint/pickle_value.h"

#define MFD_PICKLE_MEMORY ((size_t)512 << 20) /* what the values of a checkpoint may take */

struct mfd_pickle; /* owns the values; immutable once read, any thread */

/* Read one pickle that fills `size` bytes, which are borrowed until free. MFD_EFORMAT for what is
 * not a pickle, MFD_EUNSUPPORTED for an opcode or a name that is not allowed (named in the
 * message), MFD_ELIMIT for one whose values would take more than `memory` bytes. */
int mfd_pickle_read(struct mfd_pickle **out, const void *bytes, size_t size, size_t memory,
                    struct mfd_error *err) MFD_MUST_CHECK;
void mfd_pickle_free(struct mfd_pickle *pickle);
const struct mfd_pickle_value *mfd_pickle_root(const struct mfd_pickle *pickle);

/* The allow-list: static strings of a name that may occur in a checkpoint; false for others. */
bool mfd_pickle_allowed(const char *module, size_t module_n, const char *name, size_t name_n,
                        const char **allowed_module, const char **allowed_name);
