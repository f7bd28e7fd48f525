/* Which functions are written. In float each has the order of additions of the library's kernel for the baseline instruction set, whose
 * vectors hold four numbers. */
#include "io/deploy/functions.h"

static const tp_deploy_text *const lists[] = {tp_deploy_math, tp_deploy_window, tp_deploy_rows,
                                              tp_deploy_simple};
enum { LISTS = sizeof lists / sizeof lists[0] };
_Static_assert(TP_DEPLOY_FUNCTIONS < 64, "a bit for each function");

/* From the last list and entry back, since what a function needs stands before it. */
uint64_t tp_deploy_needs(uint64_t wanted) {
    for (int i = LISTS - 1; i >= 0; i--) {
        int count = 0;
        while (lists[i][count].text) count++;
        for (int k = count - 1; k >= 0; k--)
            if (wanted & TP_DEPLOY_BIT(lists[i][k].function)) wanted |= lists[i][k].needs;
    }
    return wanted;
}

void tp_deploy_functions(FILE *to, uint64_t wanted) {
    for (int i = 0; i < LISTS; i++)
        for (const tp_deploy_text *t = lists[i]; t->text; t++)
            if (wanted & TP_DEPLOY_BIT(t->function)) fprintf(to, "%s\n", t->text);
}
