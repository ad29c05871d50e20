/* Every limit on what a client controls, in one table: the server's configuration, /service-info,
 * the decoder and the tests read the same lines. Sizes are checked before anything is allocated. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MFD_MIB ((int64_t)1 << 20)

/* X(name, default, unit, what it bounds) */
#define MFD_LIMITS(X)                                                                              \
    X(json_bytes, 16 * MFD_MIB, "bytes", "a JSON body, after decompression")                       \
    X(vcf_bytes, 64 * MFD_MIB, "bytes", "a VCF body, after decompression")                         \
    X(upload_bytes, 4096 * MFD_MIB, "bytes", "an uploaded model bundle")                           \
    X(json_depth, 16, "levels", "nesting of arrays and objects in a JSON body")                    \
    X(json_values, 262144, "values", "values of any kind in a JSON body")                          \
    X(items, 1000, "items", "sequences, intervals or variants of a synchronous request")           \
    X(passes, 2000, "passes", "window passes of a synchronous request")                            \
    X(job_items, 1000000, "items", "sequences, intervals or variants of a job")                    \
    X(job_passes, 100000000, "passes", "window passes of a job")                                   \
    X(unscored, 250000, "items", "inputs of a request or job that are kept with a problem")        \
    X(job_json_bytes, 64 * MFD_MIB, "bytes", "the JSON body of a job, after decompression")        \
    X(job_json_values, 2097152, "values", "values of any kind in the JSON body of a job")          \
    X(job_vcf_bytes, 1024 * MFD_MIB, "bytes", "the VCF body of a job, after decompression")        \
    X(job_whole_passes, 100000, "passes", "window passes of a job whose result is in one piece")   \
    X(job_disk_bytes, 20480 * MFD_MIB, "bytes", "inputs and results of all jobs on disk")          \
    X(jobs, 256, "jobs", "jobs of all clients that wait or run")                                   \
    X(client_jobs, 64, "jobs", "jobs of one client that wait or run")                              \
    X(interval_bins, 4096, "bins", "bins of one interval")                                         \
    X(ism_bases, 256, "bases", "bases scanned by a synchronous request")                           \
    X(job_ism_bases, 1000000, "bases", "bases scanned by a job")                                   \
    X(sequence_bases, 65536, "bases", "one sequence of a request")                                 \
    X(refget_bases, 300 * MFD_MIB, "bases", "one answer of /sequence")                             \
    X(track_ids, 16384, "ids", "tracks named in a request")                                        \
    X(virtual_tracks, 10000, "tracks",                                                             \
      "virtual tracks, or settings to average over, of a request")                                 \
    X(columns, 64, "columns", "metadata columns named in one place")                               \
    X(labels, 4096, "labels", "labels named for one column")                                       \
    X(string_bytes, 1024, "bytes", "an identifier, a label, an allele or a name")                  \
    X(page, 1000, "entries", "a page of a list")                                                   \
    X(url_bytes, 8192, "bytes", "a request's path and query")                                      \
    X(header_bytes, 32768, "bytes", "all headers of a request")                                    \
    X(connections, 2048, "connections", "open connections")                                        \
    X(queue, 256, "requests", "requests waiting for compute")                                      \
    X(header_ms, 10000, "milliseconds", "reading a request's headers")                             \
    X(body_ms, 60000, "milliseconds", "reading a request's body")                                  \
    X(request_ms, 30000, "milliseconds", "computing a synchronous answer")

struct mfd_limits {
#define MFD_LIMITS_FIELD(name, value, unit, what) int64_t name; /* unit and meaning: the table */
    MFD_LIMITS(MFD_LIMITS_FIELD)
#undef MFD_LIMITS_FIELD
};

#define MFD_LIMITS_DEFAULT(name, value, unit, what) .name = (value),
#define MFD_LIMITS_INIT                                                                            \
    {                                                                                              \
        MFD_LIMITS(MFD_LIMITS_DEFAULT)                                                             \
    }

/* One line of the table, for programs that print or set limits by name. */
struct mfd_limit_info {
    const char *name, *unit, *what;
    int64_t value; /* default */
    size_t offset; /* in struct mfd_limits */
};

#define MFD_LIMIT_INFO(name, value, unit, what)                                                    \
    { #name, unit, what, value, offsetof(struct mfd_limits, name) },
#define MFD_LIMIT_TABLE                                                                            \
    {                                                                                              \
        MFD_LIMITS(MFD_LIMIT_INFO)                                                                 \
    }
