// What Swift cannot import from <mpi.h>, and nothing else: constants that are cast macros. Internal to Parallel.
//
// Handles are pointers in Open MPI and integers in MPICH. Wrapped in structs they have one Swift type each,
// so the same Swift compiles on both; `.v` is what MPI's own functions take.

#ifndef COLONNADE_CMPI_H
#define COLONNADE_CMPI_H

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

typedef struct { MPI_Comm v; } cmpi_comm;
typedef struct { MPI_Datatype v; } cmpi_datatype;
typedef struct { MPI_Op v; } cmpi_op;
typedef struct { MPI_Request v; } cmpi_request;
typedef struct { MPI_Info v; } cmpi_info;

static inline cmpi_comm cmpi_comm_world(void) { return (cmpi_comm){MPI_COMM_WORLD}; }
static inline cmpi_comm cmpi_comm_null(void) { return (cmpi_comm){MPI_COMM_NULL}; }
static inline cmpi_request cmpi_request_null(void) { return (cmpi_request){MPI_REQUEST_NULL}; }
static inline cmpi_info cmpi_info_null(void) { return (cmpi_info){MPI_INFO_NULL}; }

static inline cmpi_datatype cmpi_float(void) { return (cmpi_datatype){MPI_FLOAT}; }
static inline cmpi_datatype cmpi_double(void) { return (cmpi_datatype){MPI_DOUBLE}; }
static inline cmpi_datatype cmpi_int32(void) { return (cmpi_datatype){MPI_INT32_T}; }
static inline cmpi_datatype cmpi_int64(void) { return (cmpi_datatype){MPI_INT64_T}; }
static inline cmpi_datatype cmpi_uint16(void) { return (cmpi_datatype){MPI_UINT16_T}; }
static inline cmpi_datatype cmpi_uint8(void) { return (cmpi_datatype){MPI_UINT8_T}; }

static inline cmpi_op cmpi_sum(void) { return (cmpi_op){MPI_SUM}; }
static inline cmpi_op cmpi_max(void) { return (cmpi_op){MPI_MAX}; }
static inline cmpi_op cmpi_min(void) { return (cmpi_op){MPI_MIN}; }

static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Status *cmpi_status_ignore(void) { return MPI_STATUS_IGNORE; }
static inline int cmpi_success(void) { return MPI_SUCCESS; }
static inline int cmpi_undefined(void) { return MPI_UNDEFINED; }
static inline int cmpi_thread_multiple(void) { return MPI_THREAD_MULTIPLE; }
static inline int cmpi_max_error_string(void) { return MPI_MAX_ERROR_STRING; }
static inline int cmpi_max_library_version(void) { return MPI_MAX_LIBRARY_VERSION_STRING; }

static inline int cmpi_return_errors(cmpi_comm c) { return MPI_Comm_set_errhandler(c.v, MPI_ERRORS_RETURN); }

#endif
