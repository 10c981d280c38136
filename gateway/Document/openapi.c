#include "openapi.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char document[] = {
#embed "../../docs/openapi.yaml"
};

const unsigned char *vefa_openapi_bytes(void) { return document; }

size_t vefa_openapi_count(void) { return sizeof(document); }
