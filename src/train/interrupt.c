/* Ctrl-C: a flag, since a signal handler may do nothing more. Signals belong to the process, and so does this. */
#include <signal.h>
#include <string.h>

#include "train/run.h"

static volatile sig_atomic_t asked;
static struct sigaction old_int, old_term;
static int users;

static void on_signal(int number) {
    (void)number;
    asked = 1;
}

void tp_interrupt_begin(void) {
    if (users++) return;
    asked = 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    /* Only the first is ours: the second ends the program. System calls that it meets go on. */
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &old_int);
    sigaction(SIGTERM, &action, &old_term);
}

void tp_interrupt_end(void) {
    if (--users) return;
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    asked = 0;
}

bool tp_interrupted(void) { return asked != 0; }

void tp_fit_interrupt(void) { asked = 1; }
