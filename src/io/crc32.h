/* The check sum of zip files: CRC-32 with the polynomial of IEEE 802.3. */
#ifndef TP_IO_CRC32_H
#define TP_IO_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The sum of more bytes after those of `crc`; begin with 0. */
uint32_t tp_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
