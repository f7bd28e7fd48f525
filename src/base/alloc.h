/* Memory: size-class free lists for tensors and nodes, and plain blocks that remember their size. */
#ifndef TP_BASE_ALLOC_H
#define TP_BASE_ALLOC_H

#include <stddef.h>

/* A block of at least `bytes` bytes aligned to 64, from the free list of its class. NULL when out of memory;
 * says nothing about it: the caller knows the operation and reports. */
void *tp_block_allocate(size_t bytes);
/* Takes it back; bytes as it was asked for. NULL is fine. */
void tp_block_release(void *block, size_t bytes);
/* The bytes that a request really takes. */
size_t tp_block_size(size_t bytes);

/* Zeroed memory that remembers its size, for modules, strings and tables. NULL when out of memory. */
void *tp_new(size_t bytes);
/* Grows or shrinks it, new bytes zeroed; the old block stays valid when NULL comes back. */
void *tp_resize(void *memory, size_t bytes);
void tp_delete(void *memory);
/* A copy of a string; NULL for NULL or when out of memory. */
char *tp_string_copy(const char *text);

/* The default system side: aligned to 64, large blocks on huge pages where the system has them. */
void *tp_system_allocate(size_t bytes);
void tp_system_release(void *block);

#endif
