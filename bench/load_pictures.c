/* How fast a list of pictures becomes batches of floats: load_pictures LIST.csv THREADS. Prints a line of JSON: seconds of the first
 * epoch, which decodes, and of the second, which finds the pictures in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <taper/taper.h>
#include <time.h>

#include "common.h"

static double epoch(tp_loader *loader, double *sum) {
    double begin = now();
    tp_batch b;
    while (tp_next(loader, &b)) *sum += ((const float *)tp_data(b.x))[0];
    return now() - begin;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: load_pictures LIST.csv THREADS\n");
        return 2;
    }
    int threads = atoi(argv[2]);
    double sum = 0, begin = now();
    tp_dataset *set = tp_image_csv(argv[1]);
    tp_loader *loader = tp_loader_new(set, .batch_size = 256, .workers = threads > 1 ? threads : 0);
    if (!loader) return 1;
    double opened = now() - begin, first = epoch(loader, &sum), second = epoch(loader, &sum);
    printf(
        "{\"pictures\": %lld, \"open\": %.6f, \"first\": %.6f, \"second\": %.6f, \"sum\": %.6f}\n",
        (long long)tp_dataset_size(set), opened, first, second, sum);
    tp_loader_free(loader);
    return 0;
}
