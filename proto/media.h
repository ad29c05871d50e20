/* Media types on the wire, and RFC 9110 content negotiation over them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bits, so that a route can state a set of them. */
enum mfd_media {
    MFD_MEDIA_NONE = 0,
    MFD_MEDIA_JSON = 1 << 0,         /* application/json */
    MFD_MEDIA_NDJSON = 1 << 1,       /* application/x-ndjson */
    MFD_MEDIA_TSV = 1 << 2,          /* text/tab-separated-values */
    MFD_MEDIA_NPY = 1 << 3,          /* application/x-npy */
    MFD_MEDIA_VCF = 1 << 4,          /* text/vcf; text/plain is read as VCF where VCF is read */
    MFD_MEDIA_BEDGRAPH = 1 << 5,     /* text/x-bedgraph */
    MFD_MEDIA_REFGET = 1 << 6,       /* text/vnd.ga4gh.refget.v2.0.0+plain */
    MFD_MEDIA_TEXT = 1 << 7,         /* text/plain; charset=utf-8 */
    MFD_MEDIA_METRICS = 1 << 8,      /* text/plain; version=0.0.4 */
    MFD_MEDIA_OCTETS = 1 << 9,       /* application/octet-stream */
    MFD_MEDIA_PROBLEM = 1 << 10,     /* application/problem+json */
    MFD_MEDIA_GZIP = 1 << 11,        /* application/gzip: only as a body, seen by handlers as VCF */
    MFD_MEDIA_REFGET_JSON = 1 << 12, /* application/vnd.ga4gh.refget.v2.0.0+json */
};
#define MFD_MEDIA_COUNT 13

struct mfd_media_info {
    enum mfd_media media;
    const char *type;   /* without parameters, lower case */
    const char *header; /* as sent in Content-Type */
    const char *name;   /* of ?format=; NULL where it cannot be asked for */
    bool compresses;    /* worth a gzip coding */
};

/* The entry of one bit. */
const struct mfd_media_info *mfd_media_info(enum mfd_media media);

/* What `offers` (a set) to send for an Accept header (NULL = anything) and a ?format= value (NULL =
 * absent; it wins over Accept). Highest quality first, a type of refget's own and then the lower
 * bit where equal. JSON is also what application/ * and * / * mean where it is on offer.
 * MFD_MEDIA_NONE where nothing fits: 406, or 400 where `format` is not a name at all. */
enum mfd_media mfd_media_negotiate(unsigned offers, const char *accept, const char *format);

/* What a body of this Content-Type is, among the set `accepts`; MFD_MEDIA_NONE: 415. A missing
 * Content-Type (NULL), and curl's form default, are JSON where JSON is accepted. */
enum mfd_media mfd_media_of_body(unsigned accepts, const char *content_type);

/* Quality of a coding ("gzip") in an Accept-Encoding header, 0..1000; 0 where absent. */
int mfd_media_coding_quality(const char *accept_encoding, const char *coding);
