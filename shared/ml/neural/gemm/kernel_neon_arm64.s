#include "go_asm.h"
#include "textflag.h"

// Registers of stripNEON:
//
//	V0-V15  sums: row r has V(2r), columns 0-3, and V(2r+1), columns 4-7
//	V16,V17 row k of the right factor   V18,V19 the left one's 8 elements of k
//	R0 strip   R1 left factor, this tile   R2 its elements of k   R3 aStep
//	R4 row k of the right factor   R5 bStep
//	R6 result, this tile   R7 cRow   R8 a row of it   R9 k to go   R10 rows to go

// FMLA adds register n times element i of register m to the sums d. Go's
// assembler lacks this form: FMLA (by element), Arm Architecture Reference
// Manual, C7.2, with Q = 1 and sz = 0.
#define FMLA(m, i, n, d) \
	WORD $(0x4F801000 | (((i) & 1) << 21) | ((m) << 16) | (((i) >> 1) << 11) | ((n) << 5) | (d))

// ROW adds one element of the left factor times row k of the right one.
#define ROW(m, i, d) \
	FMLA(m, i, 16, d); \
	FMLA(m, i, 17, (d)+1)

// RIGHT reads row k of the right factor and steps to the next.
#define RIGHT \
	VLD1 (R4), [V16.S4, V17.S4]; \
	ADD  R5, R4

#define LOAD(sum0, sum1) \
	VLD1 (R8), [sum0.S4, sum1.S4]; \
	ADD  R7, R8

#define STORE(sum0, sum1) \
	VST1 [sum0.S4, sum1.S4], (R8); \
	ADD  R7, R8

#define CLEAR(sum0, sum1) \
	VEOR sum0.B16, sum0.B16, sum0.B16; \
	VEOR sum1.B16, sum1.B16, sum1.B16

#define ALL2(DO) \
	DO(V0, V1); \
	DO(V2, V3)

#define ALL4(DO) \
	ALL2(DO);   \
	DO(V4, V5); \
	DO(V6, V7)

#define ALL8(DO) \
	ALL4(DO);     \
	DO(V8, V9);   \
	DO(V10, V11); \
	DO(V12, V13); \
	DO(V14, V15)

// BEGIN starts a tile; R11 is 0 if sums begin at zero.
#define BEGIN \
	MOVD R1, R2;               \
	MOVD strip_b(R0), R4;      \
	MOVD strip_depth(R0), R9;  \
	MOVD strip_load(R0), R11;  \
	MOVD R6, R8

// func stripNEON(s *strip)
TEXT ·stripNEON(SB), NOSPLIT, $0-8
	MOVD s+0(FP), R0
	MOVD strip_a(R0), R1
	MOVD strip_aStep(R0), R3
	MOVD strip_bStep(R0), R5
	MOVD strip_c(R0), R6
	MOVD strip_cRow(R0), R7
	MOVD strip_rows(R0), R10

rows8:
	CMP  $8, R10
	BLT  rows4
	BEGIN
	CBZ  R11, clear8
	ALL8(LOAD)
	B    step8
clear8:
	ALL8(CLEAR)
step8:
	RIGHT
	VLD1 (R2), [V18.S4, V19.S4]
	ADD  R3, R2
	ROW(18, 0, 0)
	ROW(18, 1, 2)
	ROW(18, 2, 4)
	ROW(18, 3, 6)
	ROW(19, 0, 8)
	ROW(19, 1, 10)
	ROW(19, 2, 12)
	ROW(19, 3, 14)
	SUB  $1, R9
	CBNZ R9, step8
	MOVD R6, R8
	ALL8(STORE)
	MOVD R8, R6
	MOVD strip_aPanel(R0), R11
	ADD  R11, R1
	SUB  $8, R10
	B    rows8

rows4:
	CMP  $4, R10
	BLT  rows2
	BEGIN
	CBZ  R11, clear4
	ALL4(LOAD)
	B    step4
clear4:
	ALL4(CLEAR)
step4:
	RIGHT
	VLD1 (R2), [V18.S4]
	ADD  R3, R2
	ROW(18, 0, 0)
	ROW(18, 1, 2)
	ROW(18, 2, 4)
	ROW(18, 3, 6)
	SUB  $1, R9
	CBNZ R9, step4
	MOVD R6, R8
	ALL4(STORE)
	MOVD R8, R6
	ADD  $16, R1
	SUB  $4, R10

rows2:
	CMP  $2, R10
	BLT  rows1
	BEGIN
	CBZ  R11, clear2
	ALL2(LOAD)
	B    step2
clear2:
	ALL2(CLEAR)
step2:
	RIGHT
	FMOVD (R2), F18
	ADD  R3, R2
	ROW(18, 0, 0)
	ROW(18, 1, 2)
	SUB  $1, R9
	CBNZ R9, step2
	MOVD R6, R8
	ALL2(STORE)
	MOVD R8, R6
	ADD  $8, R1
	SUB  $2, R10

rows1:
	CBZ  R10, done
	BEGIN
	CBZ  R11, clear1
	LOAD(V0, V1)
	B    step1
clear1:
	CLEAR(V0, V1)
step1:
	RIGHT
	FMOVS (R2), F18
	ADD  R3, R2
	ROW(18, 0, 0)
	SUB  $1, R9
	CBNZ R9, step1
	MOVD R6, R8
	STORE(V0, V1)

done:
	RET
