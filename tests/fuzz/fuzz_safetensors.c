/* safetensors: the JSON of the header, and what it says of the bytes. */
#include <string.h>

#include "fuzz/tensor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_tensor_file(data, size);
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) {
    static const struct seed {
        const char *header;
        size_t data;
    } seeds[] = {
        {"{}", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}}", 8},
        {"{\"__metadata__\":{\"k\":\"v\\u00e9\"},\"a\":{\"dtype\":\"U8\",\"shape\":[],"
         "\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"I64\",\"shape\":[0,3],\"data_offsets\":[1,1]}}   ",
         1},
        {"{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
         "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[6,8]},"
         "\"e\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[8,10]},"
         "\"u\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[10,18]}}",
         18},
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        uint8_t bytes[512] = {0};
        size_t length = strlen(seeds[i].header);
        bytes[0] = (uint8_t)length;
        bytes[1] = (uint8_t)(length >> 8);
        memcpy(bytes + 8, seeds[i].header, length);
        for (size_t k = 0; k < seeds[i].data; k++) bytes[8 + length + k] = (uint8_t)k;
        take(bytes, 8 + length + seeds[i].data, user);
    }
}
