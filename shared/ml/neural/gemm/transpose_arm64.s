#include "textflag.h"

// func transposeNEON(dst *float32, width int, lines *[4]*float32, squares int)
//
// R3-R6 walk the four lines; V0-V3 hold four numbers of each, then four rows.
TEXT ·transposeNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD width+8(FP), R1
	MOVD lines+16(FP), R2
	MOVD squares+24(FP), R7
	MOVD (R2), R3
	MOVD 8(R2), R4
	MOVD 16(R2), R5
	MOVD 24(R2), R6

square:
	VLD1.P 16(R3), [V0.S4]
	VLD1.P 16(R4), [V1.S4]
	VLD1.P 16(R5), [V2.S4]
	VLD1.P 16(R6), [V3.S4]
	VZIP1  V1.S4, V0.S4, V4.S4 // rows 0 and 1 of lines 0 and 1, taking turns
	VZIP2  V1.S4, V0.S4, V5.S4
	VZIP1  V3.S4, V2.S4, V6.S4 // and of lines 2 and 3
	VZIP2  V3.S4, V2.S4, V7.S4
	VZIP1  V6.D2, V4.D2, V0.D2
	VZIP2  V6.D2, V4.D2, V1.D2
	VZIP1  V7.D2, V5.D2, V2.D2
	VZIP2  V7.D2, V5.D2, V3.D2
	VST1   [V0.S4], (R0)
	ADD    R1, R0
	VST1   [V1.S4], (R0)
	ADD    R1, R0
	VST1   [V2.S4], (R0)
	ADD    R1, R0
	VST1   [V3.S4], (R0)
	ADD    R1, R0
	SUB    $1, R7
	CBNZ   R7, square
	RET
