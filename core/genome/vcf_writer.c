#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/quote.h"
#include "core/genome/vcf.h"
#include "core/genome/vcf_header.h"

#define LEVEL 6 /* of compression, bgzip's own default */

struct mfd_vcf_writer {
    struct mfd_vcf_sink sink;
    struct mfd_vcf_writer_options options;
    const struct mfd_vcf_header *header;
    bool begun; /* the header is out */
    struct mfd_buffer out;
    char *block; /* one block of bgzip */
    uint64_t left_out;
    int fd; /* of mfd_vcf_writer_open, or -1 */
    bool own_fd;
};

static void writer_free(struct mfd_vcf_writer *w)
{
    if (!w)
        return;
    if (w->own_fd)
        close(w->fd);
    mfd_buffer_deinit(&w->out);
    free(w->block);
    free(w);
}

MFD_DEFINE_CLEANUP(struct mfd_vcf_writer, writer_free);

void mfd_vcf_writer_free(struct mfd_vcf_writer *writer)
{
    writer_free(writer);
}

uint64_t mfd_vcf_writer_left_out(const struct mfd_vcf_writer *writer)
{
    return writer->left_out;
}

static bool id_is_fine(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.";
    return *id && strchr(letters, *id) && id[strspn(id, others)] == '\0';
}

static int check_options(const struct mfd_vcf_writer_options *o, struct mfd_error *err)
{
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct mfd_vcf_field *f = &o->fields[i];
        if (!id_is_fine(f->id))
            return mfd_fail(err, MFD_EINVAL, "%s cannot be the name of an INFO field",
                            mfd_quote(f->id, strlen(f->id)).text);
        if (strcmp(f->number, "A") != 0 && strcmp(f->number, "1") != 0 &&
            strcmp(f->number, "0") != 0)
            return mfd_fail(err, MFD_EINVAL, "INFO field %s: Number is A, 1 or 0", f->id);
    }
    for (size_t i = 0; i < o->n_lines; i++)
        if (strncmp(o->lines[i], "##", 2) != 0 || strpbrk(o->lines[i], "\r\n"))
            return mfd_fail(err, MFD_EINVAL, "%s cannot be a header line",
                            mfd_quote(o->lines[i], strlen(o->lines[i])).text);
    return MFD_OK;
}

int mfd_vcf_writer_new(struct mfd_vcf_writer **out, struct mfd_vcf_sink sink,
                       const struct mfd_vcf_header *header,
                       const struct mfd_vcf_writer_options *options, struct mfd_error *err)
{
    int status = check_options(options, err);
    if (status != MFD_OK)
        return status;
    MFD_CLEANUP(writer_free_p) struct mfd_vcf_writer *w = mfd_calloc(1, sizeof *w);
    if (!w)
        return mfd_fail_nomem(err);
    w->sink = sink;
    w->options = *options;
    w->header = header;
    w->fd = -1;
    if (options->bgzip && !(w->block = mfd_calloc(BGZF_MAX_BLOCK_SIZE, 1)))
        return mfd_fail_nomem(err);
    *out = mfd_steal(w);
    return MFD_OK;
}

static int write_fd(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    const struct mfd_vcf_writer *w = context;
    const char *at = bytes;
    while (n) {
        ssize_t done = write(w->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return mfd_fail(err, MFD_EIO, "cannot write the VCF: %s", strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return MFD_OK;
}

int mfd_vcf_writer_open(struct mfd_vcf_writer **out, const char *path,
                        const struct mfd_vcf_header *header,
                        const struct mfd_vcf_writer_options *options, struct mfd_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    MFD_CLEANUP(writer_free_p) struct mfd_vcf_writer *w = NULL;
    int status =
        mfd_vcf_writer_new(&w, (struct mfd_vcf_sink){ write_fd, NULL }, header, options, err);
    if (status != MFD_OK)
        return status;
    w->sink.context = w;
    w->fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0)
        return mfd_fail(err, MFD_EIO, "cannot write '%s': %s", path, strerror(errno));
    w->own_fd = !standard;
    *out = mfd_steal(w);
    return MFD_OK;
}

static int write_block(struct mfd_vcf_writer *w, const char *bytes, size_t n, struct mfd_error *err)
{
    size_t size = BGZF_MAX_BLOCK_SIZE;
    if (bgzf_compress(w->block, &size, bytes, n, LEVEL) < 0)
        return mfd_fail(err, MFD_ENOMEM, "a block of the VCF could not be compressed");
    return w->sink.write(w->sink.context, w->block, size, err);
}

/* Pass on what fills a block; all of it where `last`. */
static int flush(struct mfd_vcf_writer *w, bool last, struct mfd_error *err)
{
    size_t at = 0;
    int status = MFD_OK;
    if (w->out.failed)
        return mfd_fail_nomem(err);
    while (status == MFD_OK && w->out.len - at >= (last ? 1 : BGZF_BLOCK_SIZE)) {
        size_t left = w->out.len - at, n = left < BGZF_BLOCK_SIZE ? left : BGZF_BLOCK_SIZE;
        status = w->options.bgzip ? write_block(w, w->out.data + at, n, err)
                                  : w->sink.write(w->sink.context, w->out.data + at, n, err);
        at += n;
    }
    if (at) {
        memmove(w->out.data, w->out.data + at, w->out.len - at);
        w->out.len -= at;
    }
    return status;
}

/* What means something in INFO stands as %XX (VCF 4.3, 1.2); so do other control characters, and a
 * lone dot, which would be a missing value. */
static void add_encoded(struct mfd_buffer *out, const char *value)
{
    if (strcmp(value, ".") == 0) {
        mfd_buffer_adds(out, "%2E");
        return;
    }
    for (const char *p = value; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f || strchr(":;=%,", c))
            mfd_buffer_addf(out, "%%%02X", c);
        else
            mfd_buffer_addc(out, *p);
    }
}

static void add_field(struct mfd_buffer *out, const struct mfd_vcf_field *field,
                      const char *const *values, size_t alleles, bool *any)
{
    size_t n = strcmp(field->number, "A") == 0 ? alleles : 1;
    bool has = false;
    for (size_t i = 0; i < n; i++)
        has = has || values[i];
    if (!has)
        return;
    mfd_buffer_addf(out, "%s%s", *any ? ";" : "", field->id);
    *any = true;
    if (strcmp(field->number, "0") == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        mfd_buffer_addc(out, i ? ',' : '=');
        if (values[i] && *values[i] && field->encoded)
            mfd_buffer_adds(out, values[i]);
        else if (values[i] && *values[i])
            add_encoded(out, values[i]);
        else
            mfd_buffer_addc(out, '.');
    }
}

/* An entry of the input's INFO that one of ours replaces. */
static bool is_ours(const struct mfd_vcf_writer_options *o, const char *s, size_t n)
{
    const char *equals = memchr(s, '=', n);
    size_t key = equals ? (size_t)(equals - s) : n;
    for (size_t i = 0; i < o->n_fields; i++)
        if (strlen(o->fields[i].id) == key && memcmp(o->fields[i].id, s, key) == 0)
            return true;
    return false;
}

static void add_info(struct mfd_vcf_writer *w, const struct mfd_vcf_record *record,
                     const char *const *values)
{
    struct mfd_span info = record->column[MFD_VCF_INFO];
    bool any = false;
    if (info.n == 1 && info.s[0] == '.')
        info.n = 0;
    for (size_t from = 0; from < info.n;) {
        const char *semicolon = memchr(info.s + from, ';', info.n - from);
        size_t to = semicolon ? (size_t)(semicolon - info.s) : info.n;
        if (to > from && !is_ours(&w->options, info.s + from, to - from)) {
            if (any)
                mfd_buffer_addc(&w->out, ';');
            mfd_buffer_add(&w->out, info.s + from, to - from);
            any = true;
        }
        from = to + 1;
    }
    for (size_t i = 0; i < w->options.n_fields; i++)
        add_field(&w->out, &w->options.fields[i], values + i * record->alleles, record->alleles,
                  &any);
    if (!any)
        mfd_buffer_addc(&w->out, '.');
}

static int begin(struct mfd_vcf_writer *w, const struct mfd_vcf_record *first,
                 struct mfd_error *err)
{
    if (w->begun)
        return MFD_OK;
    int status = mfd_vcf_header_write(w->header, &w->options, first, &w->out, err);
    w->begun = status == MFD_OK;
    return status;
}

int mfd_vcf_writer_record(struct mfd_vcf_writer *writer, const struct mfd_vcf_record *record,
                          const char *const *values, struct mfd_error *err)
{
    if (record->malformed) {
        writer->left_out++;
        return MFD_OK;
    }
    int status = begin(writer, record, err);
    if (status != MFD_OK)
        return status;
    for (size_t i = 0; i < MFD_VCF_INFO; i++) {
        struct mfd_span column = record->column[i];
        mfd_buffer_add(&writer->out, column.n ? column.s : ".", column.n ? column.n : 1);
        mfd_buffer_addc(&writer->out, '\t');
    }
    add_info(writer, record, values);
    mfd_buffer_add(&writer->out, record->samples.s, record->samples.n);
    mfd_buffer_addc(&writer->out, '\n');
    return flush(writer, false, err);
}

int mfd_vcf_writer_finish(struct mfd_vcf_writer *writer, struct mfd_error *err)
{
    int status = begin(writer, NULL, err);
    if (status == MFD_OK)
        status = flush(writer, true, err);
    if (status == MFD_OK && writer->options.bgzip)
        status = write_block(writer, NULL, 0, err); /* the end marker */
    if (status == MFD_OK && writer->own_fd) {
        int fd = writer->fd;
        writer->own_fd = false;
        if (close(fd) < 0)
            status = mfd_fail(err, MFD_EIO, "cannot write the VCF: %s", strerror(errno));
    }
    return status;
}
