#include "go_asm.h"
#include "textflag.h"

// Registers of stripAVX2:
//
//	Y0-Y11  sums: row r has Y(2r), columns 0-7, and Y(2r+1), columns 8-15
//	Y12,Y13 row k of the right factor, or the masks of the columns that exist
//	Y14,Y15 elements of the left factor, spread
//	DI strip   AX left factor, this tile   BX, CX its rows 0 and 4 at k
//	R8 aRow    R9 3*aRow    R10 aStep      SI row k of the right factor   R11 bStep
//	R12 result, this tile   R13 cRow       R14 k to go   R15 rows to go
//	DX masks

#define ROW(element, spread, sum0, sum1) \
	VBROADCASTSS element, spread;       \
	VFMADD231PS  spread, Y12, sum0;     \
	VFMADD231PS  spread, Y13, sum1

#define ROWS2(base, s0, s1, s2, s3) \
	ROW((base), Y14, s0, s1);         \
	ROW((base)(R8*1), Y15, s2, s3)

#define ROWS4(base, s0, s1, s2, s3, s4, s5, s6, s7) \
	ROWS2(base, s0, s1, s2, s3);      \
	ROW((base)(R8*2), Y14, s4, s5);   \
	ROW((base)(R9*1), Y15, s6, s7)

// RIGHT reads row k of the right factor, which is never ragged.
#define RIGHT \
	VMOVUPS (SI), Y12;   \
	VMOVUPS 32(SI), Y13; \
	ADDQ    R11, SI

#define LOAD(sum0, sum1) \
	VMASKMOVPS (BX), Y12, sum0;   \
	VMASKMOVPS 32(BX), Y13, sum1; \
	ADDQ       R13, BX

#define STORE(sum0, sum1) \
	VMASKMOVPS sum0, Y12, (BX);   \
	VMASKMOVPS sum1, Y13, 32(BX); \
	ADDQ       R13, BX

// FULL stores a row of a whole tile: masked stores are slow on some processors.
#define FULL(sum0, sum1) \
	VMOVUPS sum0, (BX);   \
	VMOVUPS sum1, 32(BX); \
	ADDQ    R13, BX

#define CLEAR(sum0, sum1) \
	VXORPS sum0, sum0, sum0; \
	VXORPS sum1, sum1, sum1

#define ALL2(DO) \
	DO(Y0, Y1); \
	DO(Y2, Y3)

#define ALL4(DO) \
	ALL2(DO);   \
	DO(Y4, Y5); \
	DO(Y6, Y7)

#define ALL6(DO) \
	ALL4(DO);   \
	DO(Y8, Y9); \
	DO(Y10, Y11)

// MASKS reads the masks and points BX at the result.
#define MASKS \
	VMOVUPS (DX), Y12;   \
	VMOVUPS 32(DX), Y13; \
	MOVQ    R12, BX

#define BEGIN \
	MASKS;                      \
	MOVQ strip_b(DI), SI;       \
	MOVQ strip_depth(DI), R14;  \
	CMPQ strip_load(DI), $0

#define END \
	MASKS;                      \
	CMPQ strip_cols(DI), $16

// func stripAVX2(s *strip)
TEXT ·stripAVX2(SB), NOSPLIT, $0-8
	MOVQ s+0(FP), DI
	MOVQ $const_maxCols, CX
	SUBQ strip_cols(DI), CX
	LEAQ ·masks(SB), DX
	LEAQ (DX)(CX*4), DX
	MOVQ strip_a(DI), AX
	MOVQ strip_aRow(DI), R8
	LEAQ (R8)(R8*2), R9
	MOVQ strip_aStep(DI), R10
	MOVQ strip_bStep(DI), R11
	MOVQ strip_c(DI), R12
	MOVQ strip_cRow(DI), R13
	MOVQ strip_rows(DI), R15

rows6:
	CMPQ R15, $6
	JLT  rows4
	BEGIN
	JE   clear6
	ALL6(LOAD)
	JMP  start6
clear6:
	ALL6(CLEAR)
start6:
	MOVQ AX, BX
	LEAQ (AX)(R8*4), CX
	PCALIGN $32
step6:
	RIGHT
	ROWS4(BX, Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7)
	ROWS2(CX, Y8, Y9, Y10, Y11)
	ADDQ R10, BX
	ADDQ R10, CX
	DECQ R14
	JNZ  step6
	END
	JE   full6
	ALL6(STORE)
	JMP  next6
full6:
	ALL6(FULL)
next6:
	MOVQ BX, R12
	ADDQ strip_aPanel(DI), AX
	SUBQ $6, R15
	JMP  rows6

rows4:
	CMPQ R15, $4
	JLT  rows2
	BEGIN
	JE   clear4
	ALL4(LOAD)
	JMP  start4
clear4:
	ALL4(CLEAR)
start4:
	MOVQ AX, BX
	PCALIGN $32
step4:
	RIGHT
	ROWS4(BX, Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7)
	ADDQ R10, BX
	DECQ R14
	JNZ  step4
	END
	JE   full4
	ALL4(STORE)
	JMP  next4
full4:
	ALL4(FULL)
next4:
	MOVQ BX, R12
	LEAQ (AX)(R8*4), AX
	SUBQ $4, R15

rows2:
	CMPQ R15, $2
	JLT  rows1
	BEGIN
	JE   clear2
	ALL2(LOAD)
	JMP  start2
clear2:
	ALL2(CLEAR)
start2:
	MOVQ AX, BX
	PCALIGN $32
step2:
	RIGHT
	ROWS2(BX, Y0, Y1, Y2, Y3)
	ADDQ R10, BX
	DECQ R14
	JNZ  step2
	END
	JE   full2
	ALL2(STORE)
	JMP  next2
full2:
	ALL2(FULL)
next2:
	MOVQ BX, R12
	LEAQ (AX)(R8*2), AX
	SUBQ $2, R15

rows1:
	CMPQ R15, $1
	JLT  done
	BEGIN
	JE   clear1
	LOAD(Y0, Y1)
	JMP  start1
clear1:
	CLEAR(Y0, Y1)
start1:
	MOVQ AX, BX
	PCALIGN $32
step1:
	RIGHT
	ROW((BX), Y14, Y0, Y1)
	ADDQ R10, BX
	DECQ R14
	JNZ  step1
	END
	JE   full1
	STORE(Y0, Y1)
	JMP  done
full1:
	FULL(Y0, Y1)

done:
	VZEROUPPER
	RET
