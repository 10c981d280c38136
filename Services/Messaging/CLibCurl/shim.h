#ifndef VEFA_CLIBCURL_SHIM_H
#define VEFA_CLIBCURL_SHIM_H

#include <curl/curl.h>

// Swift cannot call variadic C functions, and curl_easy_setopt and curl_easy_getinfo are such. These give each kind of value its own typed door.

static inline CURLcode vefa_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl copies the string.
static inline CURLcode vefa_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl keeps the pointer: it has to live as long as the transfers that use it.
static inline CURLcode vefa_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl keeps the list: it has to live as long as the transfers that use it.
static inline CURLcode vefa_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

/// CURLOPT_READFUNCTION, CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION.
static inline CURLcode vefa_curl_set_data_callback(
    CURL *handle, CURLoption option, size_t (*callback)(char *, size_t, size_t, void *)) {
    return curl_easy_setopt(handle, option, callback);
}

/// CURLOPT_DEBUGFUNCTION.
static inline CURLcode vefa_curl_set_debug_callback(
    CURL *handle, int (*callback)(CURL *, curl_infotype, char *, size_t, void *)) {
    return curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, callback);
}

/// CURLOPT_XFERINFOFUNCTION.
static inline CURLcode vefa_curl_set_progress_callback(
    CURL *handle, int (*callback)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t)) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

static inline CURLcode vefa_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode vefa_curl_get_socket(CURL *handle, curl_socket_t *value) {
    return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, value);
}

#endif
