#ifndef VEFA_CLIBPQ_SHIM_H
#define VEFA_CLIBPQ_SHIM_H

#include <libpq-fe.h>

// The names of a result's error fields are character macros, which Swift does not import.

static const int vefa_pq_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int vefa_pq_state = PG_DIAG_SQLSTATE;
static const int vefa_pq_message = PG_DIAG_MESSAGE_PRIMARY;
static const int vefa_pq_detail = PG_DIAG_MESSAGE_DETAIL;
static const int vefa_pq_table = PG_DIAG_TABLE_NAME;
static const int vefa_pq_constraint = PG_DIAG_CONSTRAINT_NAME;
static const int vefa_pq_function = PG_DIAG_SOURCE_FUNCTION;

#endif
