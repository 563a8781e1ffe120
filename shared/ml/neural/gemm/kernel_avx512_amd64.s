#include "avx512_macros_amd64.h"
#include "go_asm.h"
#include "textflag.h"

#define ROW(element, spread, sum0, sum1) \
	VBROADCASTSS element, spread;       \
	VFMADD231PS  spread, Z24, sum0;     \
	VFMADD231PS  spread, Z25, sum1

#define RIGHT \
	VMOVUPS.Z (SI), K1, Z24;   \
	VMOVUPS.Z 64(SI), K2, Z25; \
	ADDQ      R11, SI

#define LOAD(sum0, sum1) \
	VMOVUPS.Z (BX), K1, sum0;   \
	VMOVUPS.Z 64(BX), K2, sum1; \
	ADDQ      R13, BX

#define STORE(sum0, sum1) \
	VMOVUPS sum0, K1, (BX);   \
	VMOVUPS sum1, K2, 64(BX); \
	ADDQ    R13, BX

#define CLEAR(sum0, sum1) \
	VPXORD sum0, sum0, sum0; \
	VPXORD sum1, sum1, sum1

// func stripAVX512(s *strip)
//
// 17 to 32 columns.
TEXT ·stripAVX512(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ strip_cols(DI), CX
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX
	KMOVW AX, K1
	SHRQ $16, AX
	KMOVW AX, K2
#include "avx512_strip_amd64.h"
