#include "server/certificate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>

static int check_readable(const char *path, struct mfd_error *err)
{
    if (access(path, R_OK) == 0)
        return MFD_OK;
    return mfd_fail(err, MFD_EIO, "cannot open '%s': %s", path, strerror(errno));
}

int mfd_certificate_check(const char *certificate, const char *key, struct mfd_error *err)
{
    gnutls_certificate_credentials_t credentials;
    int status = check_readable(certificate, err);
    if (status == MFD_OK)
        status = check_readable(key, err);
    if (status < 0)
        return status;
    if (gnutls_certificate_allocate_credentials(&credentials) < 0)
        return mfd_fail_nomem(err);
    int rc =
        gnutls_certificate_set_x509_key_file(credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    if (rc >= 0)
        return MFD_OK;
    return mfd_fail(
        err, MFD_EFORMAT,
        "server.tls_certificate '%s' and server.tls_key '%s' do not serve: %s (PEM, the "
        "server's own certificate first, and the key that belongs to it)",
        certificate, key, gnutls_strerror(rc));
}
