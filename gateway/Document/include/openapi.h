#pragma once

#include <stddef.h>

/// docs/openapi.yaml, as it stood when this was compiled: a gateway needs no file beside it to say what it does.
const unsigned char *vefa_openapi_bytes(void);
size_t vefa_openapi_count(void);
