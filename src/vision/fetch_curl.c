/* One transfer over HTTP through libcurl. */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "vision/fetch.h"

/* What the callbacks know. */
typedef struct reply {
    tp_transfer *transfer;
    CURL *curl;
    int64_t begin; /* where its bytes belong, from Content-Range; -1 where it does not say */
    bool begun;    /* the first bytes have come */
    bool restart;  /* it does not continue what is there */
    bool too_long, disk;
} reply;

static void start_curl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t take_header(char *line, size_t size, size_t count, void *user) {
    reply *r = user;
    static const char name[] = "content-range: bytes ";
    size_t length = size * count;
    if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        r->begin = -1; /* another reply, after a redirection */
    if (length > sizeof name && strncasecmp(line, name, sizeof name - 1) == 0) {
        char digits[24] = "";
        size_t from = sizeof name - 1,
               most = length - from < sizeof digits - 1 ? length - from : sizeof digits - 1;
        memcpy(digits, line + from, most);
        if (digits[0] >= '0' && digits[0] <= '9') r->begin = strtoll(digits, NULL, 10);
    }
    return length;
}

/* A server may answer the request for the rest with everything, or with another part. */
static bool place_first_bytes(reply *r) {
    tp_transfer *t = r->transfer;
    long code = 0;
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &code);
    r->begun = true;
    if (code == 206 && (r->begin < 0 || r->begin == t->have)) return true;
    if (code == 206) {
        r->restart = true;
        return false;
    }
    if (t->have == 0) return true;
    t->have = 0;
    r->disk = fflush(t->file) != 0 || ftruncate(fileno(t->file), 0) != 0 ||
              fseek(t->file, 0, SEEK_SET) != 0;
    return !r->disk;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
    reply *r = user;
    tp_transfer *t = r->transfer;
    size_t length = size * count;
    if (!r->begun && !place_first_bytes(r)) return 0;
    if (t->args->size && t->have + (int64_t)length > t->args->size) {
        r->too_long = true;
        return 0;
    }
    if (fwrite(bytes, 1, length, t->file) != length) {
        r->disk = true;
        return 0;
    }
    t->have += (int64_t)length;
    if (t->args->progress) t->args->progress(t->args->path, t->have, t->args->size, t->args->user);
    return length;
}

static void set_options(CURL *curl, reply *r, char *error) {
    const tp_transfer *t = r->transfer;
    curl_easy_setopt(curl, CURLOPT_URL, t->url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "taper");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     (long)(t->args->stall_seconds ? t->args->stall_seconds : 20));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
}

static tp_transfer_result judge(const reply *r, CURLcode code, const char *error, tp_why *why) {
    long status = 0;
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) return TP_TRANSFER_DONE;
    if (r->disk) {
        snprintf(why->text, sizeof why->text, "cannot write: %.100s", strerror(errno));
        return TP_TRANSFER_STUCK;
    }
    if (r->too_long) {
        snprintf(why->text, sizeof why->text, "sent more than the file has");
        return TP_TRANSFER_FAILED;
    }
    snprintf(why->text, sizeof why->text, "%.150s", error[0] ? error : curl_easy_strerror(code));
    if (r->restart || status == 416) return TP_TRANSFER_RESTART;
    if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
        code == CURLE_OPERATION_TIMEDOUT || code == CURLE_GOT_NOTHING || code == CURLE_HTTP2_STREAM)
        return r->begun ? TP_TRANSFER_BROKEN : TP_TRANSFER_FAILED;
    return TP_TRANSFER_FAILED;
}

tp_transfer_result tp_transfer_run(tp_transfer *transfer, tp_why *why) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    reply r = {.transfer = transfer, .curl = curl_easy_init(), .begin = -1};
    if (!r.curl) {
        snprintf(why->text, sizeof why->text, "out of memory");
        return TP_TRANSFER_STUCK;
    }
    char error[CURL_ERROR_SIZE] = "", range[32];
    set_options(r.curl, &r, error);
    if (transfer->have) {
        snprintf(range, sizeof range, "%lld-", (long long)transfer->have);
        curl_easy_setopt(r.curl, CURLOPT_RANGE, range);
    }
    CURLcode code = curl_easy_perform(r.curl);
    if (fflush(transfer->file) != 0) r.disk = true, code = CURLE_WRITE_ERROR;
    tp_transfer_result result = judge(&r, code, error, why);
    curl_easy_cleanup(r.curl);
    return result;
}
