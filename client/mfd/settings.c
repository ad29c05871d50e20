#include "client/mfd/settings.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define LIST_FILE_LIMIT ((size_t)16 << 20)

void list_deinit(struct list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct list){ 0 };
}

int list_add_one(struct list *list, const char *text, size_t n, struct mfd_error *err)
{
    char **longer = mfd_realloc(list->at, list->n + 1, sizeof *longer);
    if (!longer)
        return mfd_fail_nomem(err);
    list->at = longer;
    list->at[list->n] = mfd_strndup(text, n);
    if (!list->at[list->n])
        return mfd_fail_nomem(err);
    list->n++;
    return MFD_OK;
}

bool list_has(const struct list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

static int add_parts(struct list *list, const char *text, const char *separators,
                     struct mfd_error *err)
{
    int status = MFD_OK;
    while (*text && status == MFD_OK) {
        size_t n = strcspn(text, separators);
        if (n)
            status = list_add_one(list, text, n, err);
        text += n;
        text += *text != '\0';
    }
    return status;
}

char *text_begin(char *text)
{
    return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

/* None where some were meant would be taken for all. */
int list_add(struct list *list, const char *text, struct mfd_error *err)
{
    struct mfd_buffer file = MFD_BUFFER_INIT;
    size_t before = list->n;
    int status;
    if (text[0] != '@')
        status = add_parts(list, text, ",", err);
    else if ((status = mfd_file_read(text + 1, LIST_FILE_LIMIT, &file, err)) == MFD_OK)
        status = add_parts(list, text_begin(file.data), "\r\n", err);
    mfd_buffer_deinit(&file);
    if (status == MFD_OK && list->n == before)
        status = mfd_fail(err, MFD_EINVAL, "'%.200s' %s", text,
                          text[0] == '@' ? "is a file without a line" : "names nothing");
    return status;
}

void settings_deinit(struct settings *set)
{
    if (set->key_read)
        explicit_bzero(set->key_read, strlen(set->key_read));
    free(set->key_read);
    if (set->config_text)
        explicit_bzero(set->config_text, strlen(set->config_text));
    free(set->config_text);
    list_deinit(&set->tracks);
    list_deinit(&set->where);
    list_deinit(&set->components);
    list_deinit(&set->scores);
    list_deinit(&set->features);
    list_deinit(&set->set);
    list_deinit(&set->a);
    list_deinit(&set->b);
    list_deinit(&set->over);
    list_deinit(&set->given_settings);
}
