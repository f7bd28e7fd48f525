/* Downloads against a server of our own that also misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vision/fetch.h"

enum { SIZE = 200000 };
static unsigned char contents[SIZE];
static char sum[65];
static char folder[64];

/* ---- the server ---- */

typedef enum manner {
    GOOD,         /* with Range */
    NO_RANGE,     /* answers every request with all of it */
    WRONG_RANGE,  /* answers a Range with another part */
    MISSING,      /* 404 */
    BROKEN_ONCE,  /* breaks off half way the first time, then behaves */
    BROKEN,       /* always breaks off after a few bytes more */
    WRONG,        /* other contents */
    SILENT,       /* half of it, then nothing more */
    SLOW,         /* in small pieces */
    LONG,         /* more than there should be */
    MOVED,        /* redirects to GOOD */
    MOVED_TO_FILE /* redirects to a file of this machine */
} manner;

static struct server {
    int socket, port;
    pthread_t thread;
    /* What the threads that answer count. They may still be at it when the client has all it wants. */
    atomic_int requests[MOVED_TO_FILE + 1]; /* of each manner */
    _Atomic int64_t range_asked;            /* in the last request; -1: none */
    _Atomic int64_t bytes_sent;
} server;

static void put_text(int to, const char *text) {
    (void)!send(to, text, strlen(text), MSG_NOSIGNAL);
}

static int64_t put_bytes(int to, const unsigned char *bytes, int64_t count, int64_t piece,
                         int pause_ms) {
    int64_t done = 0;
    while (done < count) {
        int64_t n = count - done < piece ? count - done : piece;
        server.bytes_sent += n; /* before the client can have them */
        ssize_t sent = send(to, bytes + done, (size_t)n, MSG_NOSIGNAL);
        if (sent < n) server.bytes_sent -= n - (sent > 0 ? sent : 0);
        if (sent <= 0) break;
        done += sent;
        if (pause_ms) nanosleep(&(struct timespec){0, pause_ms * 1000000L}, NULL);
    }
    return done;
}

static void put_head(int to, int64_t begin, int64_t length, bool part) {
    char head[300];
    if (part)
        snprintf(
            head, sizeof head,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %lld-%lld/%lld\r\nContent-Length: %lld\r\n\r\n",
            (long long)begin, (long long)(begin + length - 1), (long long)(begin + length),
            (long long)length);
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n",
                 (long long)length);
    put_text(to, head);
}

static void put_range(int to, int64_t begin, int64_t stop_after) {
    if (begin >= SIZE) {
        put_text(to, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    int64_t from = begin > 0 ? begin : 0;
    put_head(to, from, SIZE - from, begin > 0);
    put_bytes(to, contents + from,
              stop_after >= 0 && stop_after < SIZE - from ? stop_after : SIZE - from, 1 << 14, 0);
}

static void answer(int to, manner how, int64_t range, int earlier) {
    char where[128];
    switch (how) {
    case GOOD: put_range(to, range, -1); break;
    case NO_RANGE: put_range(to, -1, -1); break;
    case WRONG_RANGE:
        if (range < 0)
            put_range(to, range, SIZE / 2);
        else
            put_range(to, range / 2, -1);
        break;
    case MISSING:
        put_text(to, "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n");
        break;
    case BROKEN_ONCE: put_range(to, range, earlier ? -1 : SIZE / 2); break;
    case BROKEN: put_range(to, range, 1000); break;
    case WRONG: {
        unsigned char *other = calloc(1, SIZE);
        int64_t from = range > 0 ? range : 0;
        put_head(to, from, SIZE - from, range > 0);
        put_bytes(to, other, SIZE - from, 1 << 14, 0);
        free(other);
        break;
    }
    case SILENT:
        put_range(to, range, SIZE / 2);
        poll(&(struct pollfd){to, POLLIN, 0}, 1, 8000); /* until the other side hangs up */
        break;
    case SLOW:
        put_head(to, 0, SIZE, false);
        put_bytes(to, contents, SIZE, SIZE / 20, 20);
        break;
    case LONG:
        put_head(to, 0, SIZE + 10, false);
        put_bytes(to, contents, SIZE, SIZE, 0);
        put_text(to, "and more ");
        break;
    case MOVED:
        snprintf(where, sizeof where,
                 "HTTP/1.1 302 Found\r\nLocation: /%d/data\r\nContent-Length: 0\r\n\r\n", GOOD);
        put_text(to, where);
        break;
    case MOVED_TO_FILE:
        put_text(to,
                 "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
        break;
    }
}

static void *serve_one(void *arg) {
    int to = (int)(intptr_t)arg;
    char request[2048] = "";
    size_t used = 0;
    while (used + 1 < sizeof request && !strstr(request, "\r\n\r\n")) {
        ssize_t got = recv(to, request + used, sizeof request - 1 - used, 0);
        if (got <= 0) break;
        used += (size_t)got;
        request[used] = 0;
    }
    int how = MISSING;
    sscanf(request, "GET /%d/", &how);
    const char *range_line = strstr(request, "Range: bytes=");
    int64_t range = range_line ? strtoll(range_line + 13, NULL, 10) : -1;
    if (how < 0 || how > MOVED_TO_FILE) how = MISSING;
    int earlier = server.requests[how]++;
    server.range_asked = range;
    answer(to, (manner)how, range, earlier);
    shutdown(to, SHUT_RDWR);
    close(to);
    return NULL;
}

static void *serve(void *arg) {
    (void)arg;
    for (;;) {
        int to = accept(server.socket, NULL, NULL);
        if (to < 0) return NULL;
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)to) == 0)
            pthread_detach(thread);
        else
            close(to);
    }
}

static int start(void **state) {
    (void)state;
    for (int i = 0; i < SIZE; i++) contents[i] = (unsigned char)(i * 31 + i / 251);
    tp_sha256 hash;
    tp_sha256_begin(&hash);
    tp_sha256_add(&hash, contents, SIZE);
    tp_sha256_end(&hash, sum);
    snprintf(folder, sizeof folder, "/tmp/taper-fetch-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    unsetenv("http_proxy"), unsetenv("all_proxy"), unsetenv("ALL_PROXY");
    server.socket = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(server.socket, (struct sockaddr *)&address, length) != 0 ||
        listen(server.socket, 16) != 0 ||
        getsockname(server.socket, (struct sockaddr *)&address, &length) != 0)
        return -1;
    server.port = ntohs(address.sin_port);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static void empty_folder(const char *name) {
    DIR *dir = opendir(name);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(path) != 0) {
            empty_folder(path);
            rmdir(path);
        }
    }
    if (dir) closedir(dir);
}

static int stop(void **state) {
    (void)state;
    shutdown(server.socket, SHUT_RDWR);
    close(server.socket);
    pthread_join(server.thread, NULL);
    empty_folder(folder);
    return rmdir(folder);
}

/* ---- asking ---- */

static char path[200], part[210];

static int set_up(void **state) {
    (void)state;
    empty_folder(folder);
    snprintf(path, sizeof path, "%s/a/b/data", folder);
    snprintf(part, sizeof part, "%s.part", path);
    for (int i = 0; i <= MOVED_TO_FILE; i++) server.requests[i] = 0;
    server.bytes_sent = 0;
    return 0;
}

static tp_why why;

static bool fetch(int count, const manner *mirrors) {
    char urls[4][64];
    const char *list[4];
    for (int i = 0; i < count; i++) {
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%d/%d/data", server.port, mirrors[i]);
        list[i] = urls[i];
    }
    tp_fetch_args args = {.urls = list,
                          .count = count,
                          .path = path,
                          .sha256 = sum,
                          .size = SIZE,
                          .stall_seconds = 1};
    why.text[0] = 0;
    return tp_fetch(&args, &why);
}
#define FETCH(...) fetch(sizeof((manner[]){__VA_ARGS__}) / sizeof(manner), (manner[]){__VA_ARGS__})

static int64_t size_of(const char *name) {
    struct stat info;
    return stat(name, &info) == 0 ? (int64_t)info.st_size : -1;
}

static void assert_whole(void) {
    static unsigned char got[SIZE + 1];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got, file), SIZE);
    fclose(file);
    assert_memory_equal(got, contents, SIZE);
    assert_int_equal(size_of(part), -1);
}

static void leave_part(const unsigned char *bytes, size_t count) {
    char name[120];
    snprintf(name, sizeof name, "%s/a", folder), mkdir(name, 0777);
    snprintf(name, sizeof name, "%s/a/b", folder), mkdir(name, 0777);
    FILE *file = fopen(part, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static void test_sha256(void **state) {
    (void)state;
    static const struct {
        const char *text, *sum;
    } known[] = {
        /* from FIPS 180-4's examples and NIST's vectors */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (size_t step = 1; step < 70; step += 7) { /* in pieces of any size */
            tp_sha256 hash;
            char text[65];
            size_t length = strlen(known[i].text);
            tp_sha256_begin(&hash);
            for (size_t at = 0; at < length; at += step)
                tp_sha256_add(&hash, known[i].text + at, length - at < step ? length - at : step);
            tp_sha256_end(&hash, text);
            assert_string_equal(text, known[i].sum);
        }
    tp_sha256 hash;
    char text[65], a[1000];
    memset(a, 'a', sizeof a);
    tp_sha256_begin(&hash);
    for (int i = 0; i < 1000; i++) tp_sha256_add(&hash, a, sizeof a);
    tp_sha256_end(&hash, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_plain(void **state) {
    (void)state;
    assert_true(FETCH(GOOD));
    assert_whole();
    assert_true(FETCH(GOOD)); /* there already: nobody is asked */
    assert_int_equal(server.requests[GOOD], 1);
    leave_part((const unsigned char *)"x", 1);
    FILE *file = fopen(path, "wb"); /* what lies there is not it */
    fputs("something else", file);
    fclose(file);
    assert_true(FETCH(NO_RANGE));
    assert_whole();
}

static void test_next_mirror(void **state) {
    (void)state;
    assert_true(FETCH(MISSING, WRONG, GOOD));
    assert_whole();
    assert_int_equal(server.requests[MISSING], 1);
    assert_int_equal(server.requests[WRONG], 1);
    assert_true(server.range_asked < 0); /* nothing of the wrong contents was kept */
}

static void test_resume(void **state) {
    (void)state;
    assert_true(FETCH(BROKEN_ONCE));
    assert_whole();
    assert_int_equal(server.requests[BROKEN_ONCE], 2);
    assert_int_equal(server.range_asked, SIZE / 2);
    assert_int_equal(server.bytes_sent, SIZE); /* each byte once */
}

static void test_resume_after_a_crash(void **state) {
    (void)state;
    leave_part(contents, 12345);
    assert_true(FETCH(GOOD));
    assert_whole();
    assert_int_equal(server.range_asked, 12345);
    set_up(NULL);
    leave_part(contents, SIZE); /* all was there but its name */
    assert_true(FETCH(GOOD));
    assert_whole();
    assert_int_equal(server.requests[GOOD], 0);
}

static void test_resume_of_damage(void **state) {
    (void)state;
    static unsigned char junk[SIZE];
    leave_part(junk, 5000);
    assert_true(FETCH(GOOD)); /* the sum is wrong: once more from the beginning */
    assert_whole();
    assert_int_equal(server.requests[GOOD], 2);
    set_up(NULL);
    leave_part(junk, SIZE); /* 416 */
    assert_true(FETCH(GOOD));
    assert_whole();
}

static void test_servers_without_range(void **state) {
    (void)state;
    leave_part(contents, 100000);
    assert_true(FETCH(NO_RANGE));
    assert_whole();
    set_up(NULL);
    leave_part(contents, 100000);
    assert_true(FETCH(WRONG_RANGE, NO_RANGE)); /* another part than asked is not glued on */
    assert_whole();
}

static void test_breaking_mirrors_share_the_work(void **state) {
    (void)state;
    assert_true(FETCH(BROKEN, SILENT, GOOD));
    assert_whole();
    assert_true(server.requests[BROKEN] == 3 && server.requests[SILENT] >= 1);
    assert_true(server.range_asked > SIZE / 2);
}

static void test_slow_is_fine(void **state) {
    (void)state;
    assert_true(FETCH(SLOW));
    assert_whole();
}

static void test_redirections(void **state) {
    (void)state;
    assert_true(FETCH(MOVED));
    assert_whole();
    set_up(NULL);
    assert_false(FETCH(MOVED_TO_FILE));
    assert_int_equal(size_of(path), -1);
}

static void test_nothing_helps(void **state) {
    (void)state;
    assert_false(FETCH(MISSING, WRONG, LONG, BROKEN));
    assert_non_null(strstr(why.text, "404"));
    assert_non_null(strstr(why.text, "SHA-256"));
    assert_non_null(strstr(why.text, "127.0.0.1"));
    assert_int_equal(size_of(path), -1);
    const char *nobody[] = {"http://127.0.0.1:1/data"};
    tp_fetch_args args = {.urls = nobody, .count = 1, .path = path, .sha256 = sum};
    assert_false(tp_fetch(&args, &why));
    assert_false(tp_fetch(&(tp_fetch_args){.path = path, .sha256 = sum}, &why));
    assert_non_null(strstr(why.text, "no mirror"));
    char below_a_file[260];
    leave_part(contents, 10);
    snprintf(below_a_file, sizeof below_a_file, "%s/x/data", part);
    args.path = below_a_file;
    assert_false(tp_fetch(&args, &why));
    assert_non_null(strstr(why.text, "folder"));
}

static void test_two_processes(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) _exit(FETCH(SLOW) ? 0 : 1);
    nanosleep(&(struct timespec){0, 100000000}, NULL); /* it is under way, most likely */
    bool mine = FETCH(SLOW);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(mine);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_whole();
}

int main(void) {
#ifndef TP_HAVE_CURL
    return 77;
#endif
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_sha256),
        TEST(test_plain),
        TEST(test_next_mirror),
        TEST(test_resume),
        TEST(test_resume_after_a_crash),
        TEST(test_resume_of_damage),
        TEST(test_servers_without_range),
        TEST(test_breaking_mirrors_share_the_work),
        TEST(test_slow_is_fine),
        TEST(test_redirections),
        TEST(test_nothing_helps),
        TEST(test_two_processes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
