#pragma once
#include <zlib.h>

// Both are macros that name the version they were compiled with. Raw DEFLATE: no header, no check sum.
static inline int martlet_deflate_init(z_stream *stream, int level, int window_bits, int memory) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, memory, Z_DEFAULT_STRATEGY);
}

static inline int martlet_inflate_init(z_stream *stream) { return inflateInit2(stream, -15); }
