#include "go_asm.h"
#include "textflag.h"

// func rowNEON(s *strip)
//
// One row of the result, 32 columns: sums in V0-V7.
//
//	R1 element k of the left factor   R2 aStep   R3 row k of the right one   R4 bStep
//	R5 result, R6 its second half     R7 k to go
TEXT ·rowNEON(SB), NOSPLIT, $0-8
	MOVD s+0(FP), R0
	MOVD strip_a(R0), R1
	MOVD strip_aStep(R0), R2
	MOVD strip_b(R0), R3
	MOVD strip_bStep(R0), R4
	MOVD strip_c(R0), R5
	MOVD strip_depth(R0), R7
	MOVD strip_load(R0), R8
	ADD  $64, R5, R6
	CBZ  R8, clear
	VLD1 (R5), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R6), [V4.S4, V5.S4, V6.S4, V7.S4]
	B    step
clear:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
step:
	VLD1R (R1), [V24.S4]
	ADD   R2, R1
	ADD   $64, R3, R9
	VLD1  (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1  (R9), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD   R4, R3
	VFMLA V16.S4, V24.S4, V0.S4
	VFMLA V17.S4, V24.S4, V1.S4
	VFMLA V18.S4, V24.S4, V2.S4
	VFMLA V19.S4, V24.S4, V3.S4
	VFMLA V20.S4, V24.S4, V4.S4
	VFMLA V21.S4, V24.S4, V5.S4
	VFMLA V22.S4, V24.S4, V6.S4
	VFMLA V23.S4, V24.S4, V7.S4
	SUB   $1, R7
	CBNZ  R7, step
	VST1  [V0.S4, V1.S4, V2.S4, V3.S4], (R5)
	VST1  [V4.S4, V5.S4, V6.S4, V7.S4], (R6)
	RET
