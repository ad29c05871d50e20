/* libmfdclient: the HTTP surface of mfdd for C programs, by way of libcurl.
 *
 * A client belongs to one thread and has one request at a time: a sink may not use the client that
 * feeds it. Failures carry a message for people and, in `err->slug`, the
 * server's problem type (RFC 9457) or one of the client's own: "unreachable" (no connection, or it
 * broke), "timeout", "interrupted". MFD_EBUSY means that the server was still overloaded after the
 * last attempt. */
#pragma once

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

#define MFD_CLIENT_DEFAULT_SERVER "http://127.0.0.1:8080"

struct mfd_client;

/* Borrowed by mfd_client_new for the length of the call; `ca_file`, `cancel`, `notice_arg` for the
 * client's life. */
struct mfd_client_options {
    const char *server;   /* base URL, http or https; a path is kept as a prefix */
    const char *key;      /* API key, sent as a bearer token; NULL for none */
    const char *ca_file;  /* PEM: the authorities trusted under TLS; NULL: the system's */
    unsigned connect_ms;  /* to open a connection */
    unsigned idle_ms;     /* without a byte in either direction */
    unsigned retries;     /* attempts after the first, where the server asks to come back */
    unsigned max_wait_ms; /* longest pause before an attempt; a longer Retry-After ends it */
    size_t max_reply;     /* bytes of one reply kept in memory */
    const volatile sig_atomic_t *cancel; /* non-zero stops a transfer or a pause; may be NULL */
    void (*notice)(void *arg, const char *text); /* told before each pause; may be NULL */
    void *notice_arg;
};
#define MFD_CLIENT_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .server = MFD_CLIENT_DEFAULT_SERVER, .connect_ms = 5000, .idle_ms = 120000, .retries = 5,  \
        .max_wait_ms = 60000, .max_reply = (size_t)256 << 20                                       \
    }

/* MFD_EINVAL where the URL or the key cannot be used. */
int mfd_client_new(struct mfd_client **out, const struct mfd_client_options *options,
                   struct mfd_error *err) MFD_MUST_CHECK;
void mfd_client_free(struct mfd_client *client);
/* The base URL as understood, without a trailing slash; borrowed. */
const char *mfd_client_server(const struct mfd_client *client);

/* Takes a piece of a reply's body; a negative status (with `err`) ends the transfer. */
typedef int (*mfd_client_sink)(void *arg, const char *bytes, size_t n, struct mfd_error *err);

/* Everything is borrowed until the reply is there. */
struct mfd_client_request {
    const char *method; /* NULL: GET, or POST where there is a body */
    const char *path;   /* begins with '/', already percent-encoded */
    const char *query;  /* "a=b&c=d", already percent-encoded, or NULL */
    const char *accept; /* media types, or NULL for application/json */
    const void *body;
    size_t body_len;
    const char *body_type;
    const char *range;    /* "bytes=100-", or NULL for all of it */
    const char *if_range; /* the entity tag that the range is of (RFC 9110 13.1.5), or NULL */
    const char *idempotency_key; /* by which the server knows this request again, or NULL */
    bool as_stored;       /* no content coding: bytes are counted as the server counts them */
    bool changes_state;   /* not repeated once the server may have acted on it */
    mfd_client_sink sink; /* takes the body of a 2xx reply as it comes (NULL: into the reply) */
    void *sink_arg;
};

/* All but the body is there when the sink is first called. */
struct mfd_client_reply {
    long http;               /* status code */
    char content_type[128];  /* lower case, without parameters */
    char request_id[128];    /* the server's X-Request-Id, or "" */
    char etag[128];          /* the entity tag with its quotes, or "" */
    char content_range[128]; /* what a 206 is of, or "" */
    struct mfd_buffer body;  /* empty where a sink took it */
};
#define MFD_CLIENT_REPLY_INIT                                                                      \
    {                                                                                              \
        0                                                                                          \
    }
void mfd_client_reply_deinit(struct mfd_client_reply *reply);

/* Send a request and wait for the reply, coming back as often as the server asks and the options
 * allow. Bodies above 64 KiB travel compressed. MFD_OK only for 2xx; otherwise the problem document
 * has become `err`. */
int mfd_client_send(struct mfd_client *client, const struct mfd_client_request *request,
                    struct mfd_client_reply *reply, struct mfd_error *err) MFD_MUST_CHECK;

/* The same for JSON documents: GET where `body` is NULL, otherwise POST. *out is a new reference.
 */
int mfd_client_json(struct mfd_client *client, const char *path, const char *query,
                    const json_t *body, json_t **out, struct mfd_error *err) MFD_MUST_CHECK;
