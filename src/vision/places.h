/* Where data sets lie. */
#ifndef TP_VISION_PLACES_H
#define TP_VISION_PLACES_H

enum { TP_PLACE_MOST = 1024 };

/* $XDG_CACHE_HOME/taper, or ~/.cache/taper; "" where neither is known. */
void tp_cache_folder(char out[TP_PLACE_MOST]);

#endif
