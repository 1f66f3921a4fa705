// The door to BLAS with LAPACK (internal). OpenBLAS holds LAPACK's Fortran entries, but no LAPACKE,
// so the few that we call are declared here. Everything in LAPACK is column-major.
#ifndef COLONNADE_COPENBLAS_H
#define COLONNADE_COPENBLAS_H

#include <cblas.h>

// A x = B for symmetric positive definite A, by Cholesky factorisation.
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
            int *info);
// Eigenvalues (ascending) and eigenvectors of a symmetric matrix, divide and conquer.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);

#endif
