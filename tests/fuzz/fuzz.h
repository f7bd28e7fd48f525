/* A fuzz target is one file with two functions: what eats bytes, and what gives it a few sound files to begin with. Built with libFuzzer
 * (preset fuzz) it runs until it is stopped; built without, replay.c feeds it the seeds and some thousand damaged copies of them, which is
 * the short test that everybody runs. */
#ifndef TAPER_TESTS_FUZZ_H
#define TAPER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Reads the bytes as a file of its kind: may report errors, must not crash, hang or keep memory. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void fuzz_take(const void *bytes, size_t size, void *user);
/* Hands out sound files, made on the spot. */
void fuzz_seeds(fuzz_take *take, void *user);

/* First line of each target: errors are expected, and a request for more than 64 MB fails as on a small machine. */
void fuzz_begin(void);
/* Last line: stops where a tensor is left. */
void fuzz_end(void);

/* The files of tests/golden/files.txt whose case begins with `prefix`. */
void fuzz_golden_seeds(const char *prefix, fuzz_take *take, void *user);

#endif
