#include "avx512_macros_amd64.h"
#include "go_asm.h"
#include "textflag.h"

// One register of sums for each row: the other one of each pair stays unused.
#define ROW(element, spread, sum0, sum1) \
	VFMADD231PS.BCST element, Z24, sum0

#define RIGHT \
	VMOVUPS.Z (SI), K1, Z24; \
	ADDQ      R11, SI

#define LOAD(sum0, sum1) \
	VMOVUPS.Z (BX), K1, sum0; \
	ADDQ      R13, BX

#define STORE(sum0, sum1) \
	VMOVUPS sum0, K1, (BX); \
	ADDQ    R13, BX

#define CLEAR(sum0, sum1) \
	VPXORD sum0, sum0, sum0

// func narrowAVX512(s *strip)
//
// 1 to 16 columns.
TEXT ·narrowAVX512(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ strip_cols(DI), CX
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX
	KMOVW AX, K1
#include "avx512_strip_amd64.h"
