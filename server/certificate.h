/* Whether a certificate and its key can serve TLS, before anything listens. */
#pragma once

#include "core/base/error.h"

/* MFD_EIO where a file cannot be read, MFD_EFORMAT where it is no PEM, or the key is another's; the
 * message names the files. */
int mfd_certificate_check(const char *certificate, const char *key,
                          struct mfd_error *err) MFD_MUST_CHECK;
