#include "vision/places.h"

#include <stdio.h>
#include <stdlib.h>

void tp_cache_folder(char out[TP_PLACE_MOST]) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (cache && cache[0] == '/')
        length = snprintf(out, TP_PLACE_MOST, "%s/taper", cache);
    else if (home && home[0] == '/')
        length = snprintf(out, TP_PLACE_MOST, "%s/.cache/taper", home);
    if (length < 0 || length >= TP_PLACE_MOST) out[0] = 0;
}
