/* taper version */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <taper/report.h>
#include <taper/taper.h>
#include <unistd.h>

#include "report.h"
#include "verbs.h"

void help_version(FILE *stream) {
    fputs(
        "usage: taper version\n\n"
        "Shows the version, this machine's processor, the instruction set whose kernels run, and\n"
        "which libraries are in. The environment variable TAPER_CPU=baseline|avx2|avx512|neon forces\n"
        "a lower instruction set.\n",
        stream);
}

/* The processor's name as the system tells it, or its architecture. */
static void processor(char *name, size_t size) {
    struct utsname system;
    snprintf(name, size, "%s", uname(&system) == 0 ? system.machine : "unknown");
    FILE *stream = fopen("/proc/cpuinfo", "r");
    if (!stream) return;
    char line[256];
    while (fgets(line, sizeof line, stream)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(name, size, "%s", colon + 2);
        break;
    }
    fclose(stream);
}

int cmd_version(int argc, char **argv) {
    (void)argv;
    if (argc > 0) {
        fprintf(stderr, "taper version: takes no arguments.\n");
        return EXIT_USAGE;
    }
    char name[256];
    processor(name, sizeof name);
    printf("taper %s\n", tp_version());
    printf("processor        %s, %ld online\n", name, sysconf(_SC_NPROCESSORS_ONLN));
    printf("instruction set  %s\n", tp_cpu_capability());
    printf("threads          %d\n", tp_get_num_threads());
    printf("libraries        "
#ifdef TP_HAVE_ZLIB
           "zlib (gzipped data), "
#else
           "no zlib (no gzipped data), "
#endif
#ifdef TP_HAVE_CURL
           "libcurl (downloads), "
#else
           "no libcurl (no downloads), "
#endif
#ifdef TP_HAVE_PROTOBUF
           "protobuf-c (ONNX, event files)\n"
#else
           "no protobuf-c (no ONNX, no event files)\n"
#endif
    );
    printf("programs         %s\n",
           tp_report_browser() ? "Chromium (reports as PDF)" : "no Chromium (no reports as PDF)");
    printf("compiler         "
#if defined(__clang__)
           "clang " __clang_version__ "\n");
#elif defined(__GNUC__)
           "gcc " __VERSION__ "\n");
#else
           "unknown\n");
#endif
    return EXIT_FINE;
}
