/* Where libcurl is absent. */
#include "vision/fetch.h"

tp_transfer_result tp_transfer_run(tp_transfer *transfer, tp_why *why) {
    (void)transfer;
    snprintf(why->text, sizeof why->text, "this build has no libcurl and cannot download");
    return TP_TRANSFER_STUCK;
}
