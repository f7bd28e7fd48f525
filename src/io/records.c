#include "io/records.h"

#include <string.h>

/* One byte at a time by a table of 16, four bits a step: event files are small. */
static uint32_t crc32c(const unsigned char *data, size_t bytes) {
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = ~(uint32_t)0;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

uint32_t tp_masked_crc32c(const void *data, size_t bytes) {
    uint32_t crc = crc32c(data, bytes);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put(unsigned char *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) out[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)in[i] << (8 * i);
    return value;
}

void tp_record_head(unsigned char head[TP_RECORD_HEAD], size_t bytes) {
    put(head, bytes, 8);
    put(head + 8, tp_masked_crc32c(head, 8), 4);
}

void tp_record_tail(unsigned char tail[TP_RECORD_TAIL], const void *data, size_t bytes) {
    put(tail, tp_masked_crc32c(data, bytes), 4);
}

tp_record_state tp_record_next(const unsigned char *data, size_t size, size_t *offset,
                               const unsigned char **record, size_t *bytes, const char **why) {
    size_t left = size - *offset;
    if (left == 0) return TP_RECORD_END;
    if (left < TP_RECORD_HEAD) return TP_RECORD_TRUNCATED;
    const unsigned char *head = data + *offset;
    if (get(head + 8, 4) != tp_masked_crc32c(head, 8)) {
        *why = "the checksum of a record's length is wrong";
        return TP_RECORD_BAD;
    }
    uint64_t length = get(head, 8);
    left -= TP_RECORD_HEAD;
    if (left < TP_RECORD_TAIL || length > left - TP_RECORD_TAIL) return TP_RECORD_TRUNCATED;
    *record = head + TP_RECORD_HEAD;
    *bytes = (size_t)length;
    if (get(*record + length, 4) != tp_masked_crc32c(*record, *bytes)) {
        *why = "the checksum of a record is wrong";
        return TP_RECORD_BAD;
    }
    *offset += TP_RECORD_HEAD + *bytes + TP_RECORD_TAIL;
    return TP_RECORD_FINE;
}
