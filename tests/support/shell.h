/* Runs the command as a user does: in a shell, in a folder of the test's own. Include behind cmocka.h. */
#ifndef TAPER_TESTS_SHELL_H
#define TAPER_TESTS_SHELL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "folder.h"

#define TAPER TP_BUILD_DIR "/cli/taper"

typedef struct answer {
    int status;
    char text[32768]; /* stdout and stderr together */
} answer;

/* Runs a shell command in the folder. */
static inline const answer *shell(const char *format, ...) {
    static answer a;
    char command[2048], whole[2560];
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    snprintf(whole, sizeof whole, "cd %s && { %s; } 2>&1", folder, command);
    fflush(stdout);
    FILE *stream = popen(whole, "r");
    assert_non_null(stream);
    size_t size = fread(a.text, 1, sizeof a.text - 1, stream);
    a.text[size] = 0;
    int status = pclose(stream);
    a.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return &a;
}

/* Fails where it ended with another status, or the text lacks the word (NULL: any text). */
static inline const answer *check(const answer *a, int status, const char *word) {
    if (a->status != status || (word && !strstr(a->text, word)))
        fail_msg("status %d, wanted %d%s%s%s in:\n%s", a->status, status, word ? " and \"" : "",
                 word ? word : "", word ? "\"" : "", a->text);
    return a;
}

#endif
