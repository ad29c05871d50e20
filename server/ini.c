#include "server/ini.h"

#include <string.h>

#include "server/utf8.h"

bool mfd_ini_is(struct mfd_ini_piece piece, const char *word)
{
    return strlen(word) == piece.n && memcmp(piece.s, word, piece.n) == 0;
}

struct mfd_ini_piece mfd_ini_trim(const char *s, const char *end)
{
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (struct mfd_ini_piece){ s, (size_t)(end - s) };
}

static int parse_line(struct mfd_ini_piece line, struct mfd_ini_piece *section,
                      const struct mfd_ini_reader *reader, struct mfd_error *err)
{
    if (line.n == 0 || line.s[0] == '#' || line.s[0] == ';')
        return MFD_OK;
    if (line.s[0] == '[') {
        if (line.s[line.n - 1] != ']')
            return mfd_fail(err, MFD_EFORMAT, "a section has no ']' at its end");
        *section = mfd_ini_trim(line.s + 1, line.s + line.n - 1);
        return reader->section(reader->arg, *section, err);
    }
    const char *equals = memchr(line.s, '=', line.n);
    if (!equals)
        return mfd_fail(err, MFD_EFORMAT, "neither [section] nor key = value nor a comment");
    if (!section->s)
        return mfd_fail(err, MFD_EFORMAT, "a key before the first [section]");
    struct mfd_ini_piece key = mfd_ini_trim(line.s, equals);
    struct mfd_ini_piece value = mfd_ini_trim(equals + 1, line.s + line.n);
    if (key.n == 0 || key.n > MFD_INI_KEY_MAX)
        return mfd_fail(err, MFD_EFORMAT, "no key before the '='");
    if (value.n > 1 && value.s[0] == '"' && value.s[value.n - 1] == '"')
        return mfd_fail(err, MFD_EFORMAT,
                        "%.*s stands in quotes, which would be part of it; leave "
                        "them out",
                        (int)key.n, key.s);
    return reader->value(reader->arg, *section, key, value, err);
}

int mfd_ini_parse(const char *text, size_t n, const char *name, const struct mfd_ini_reader *reader,
                  struct mfd_error *err)
{
    struct mfd_ini_piece section = { 0 };
    if (memchr(text, '\0', n) || !mfd_utf8_valid(text, n))
        return mfd_fail(err, MFD_EFORMAT, "%s: not a text in UTF-8", name);
    const char *end = text + n;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* as editors elsewhere begin a file */
        text += 3;
    for (size_t number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        int status = parse_line(mfd_ini_trim(text, stop), &section, reader, err);
        if (status < 0)
            return mfd_fail_prefix(err, status, "%s, line %zu", name, number);
        text = newline ? newline + 1 : end;
    }
    return MFD_OK;
}
