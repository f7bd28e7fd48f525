/* A page as PDF, by running Chromium without a window. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <taper/report.h>
#include <unistd.h>

#include "base/fail.h"
#include "plot/page.h"

extern char **environ;

static bool in_path(const char *program) {
    const char *path = getenv("PATH");
    while (path && *path) {
        char name[1024];
        size_t length = strcspn(path, ":");
        snprintf(name, sizeof name, "%.*s/%s", (int)length, path, program);
        if (access(name, X_OK) == 0) return true;
        path += length + (path[length] == ':');
    }
    return false;
}

const char *tp_report_browser(void) {
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome",
                                        "google-chrome-stable"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (in_path(names[i])) return names[i];
    return NULL;
}

/* Runs a program, everything it says thrown away. False where it cannot be run or fails. */
static bool run(char *const *argv) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
    pid_t process = -1;
    int status = -1, error = posix_spawnp(&process, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) return false;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The page's own path: the browser wants a whole one. */
static bool whole_path(const char *path, char *out, size_t size) {
    char folder[PATH_MAX] = "";
    if (path[0] != '/' && !getcwd(folder, sizeof folder)) return false;
    int length = snprintf(out, size, "file://%s%s%s", folder, *folder ? "/" : "", path);
    return length > 0 && (size_t)length < size;
}

bool tp_page_print(tp_location at, const char *page, const char *pdf) {
    const char *browser = tp_report_browser();
    if (!browser) {
        tp_fail(at, "report_write", TP_ERROR_UNSUPPORTED, "no Chromium", NULL,
                "install chromium, or print the page from any browser");
        return false;
    }
    char name[64], url[PATH_MAX + 8], out[PATH_MAX + 32];
    snprintf(name, sizeof name, "%s", browser);
    snprintf(out, sizeof out, "--print-to-pdf=%s", pdf);
    char headless[] = "--headless", footer[] = "--no-pdf-header-footer",
         old_footer[] = "--print-to-pdf-no-header", gpu[] = "--disable-gpu";
    char sandbox[] = "--no-sandbox"; /* root may not have one; the page has no script */
    char *argv[] = {name, headless, gpu, footer, old_footer, out, url, NULL, NULL};
    if (geteuid() == 0) argv[7] = argv[6], argv[6] = sandbox;
    unlink(pdf);
    struct stat info;
    if (whole_path(page, url, sizeof url) && run(argv) && stat(pdf, &info) == 0 && info.st_size > 0)
        return true;
    tp_fail(at, "report_write", TP_ERROR_FILE, tp_text("%s: %s did not print it", pdf, browser),
            NULL, "is the folder writable?");
    return false;
}
