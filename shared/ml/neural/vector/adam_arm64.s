#include "neon_arm64.h"
#include "textflag.h"

// func adamVector(w, m, v, gradient *float32, n int, numbers *[8]float32)
//
// V24-V31 hold numbers: Beta1, 1-Beta1, Beta2, 1-Beta2, Rate, Root, Epsilon, Keep.
TEXT ·adamVector(SB), NOSPLIT, $0-48
	MOVD w+0(FP), R0
	MOVD m+8(FP), R1
	MOVD v+16(FP), R2
	MOVD gradient+24(FP), R3
	MOVD n+32(FP), R4
	MOVD numbers+40(FP), R5
	LSR  $2, R4
	VLD1 (R5), [V0.S4, V1.S4]
	VDUP V0.S[0], V24.S4
	VDUP V0.S[1], V25.S4
	VDUP V0.S[2], V26.S4
	VDUP V0.S[3], V27.S4
	VDUP V1.S[0], V28.S4
	VDUP V1.S[1], V29.S4
	VDUP V1.S[2], V30.S4
	VDUP V1.S[3], V31.S4
loop:
	VLD1.P 16(R3), [V0.S4]
	VLD1   (R1), [V1.S4]
	VLD1   (R2), [V2.S4]
	VLD1   (R0), [V3.S4]
	FMUL(0, 25, 4)
	FMLA(1, 24, 4)
	VST1.P [V4.S4], 16(R1)
	FMUL(0, 27, 5)
	FMUL(0, 5, 5)
	FMLA(2, 26, 5)
	VST1.P [V5.S4], 16(R2)
	FSQRT(5, 5)
	VMOV   V30.B16, V6.B16
	FMLA(5, 29, 6)
	FMUL(4, 28, 4)
	FDIV(6, 4, 4)
	FNEG(4, 4)
	FMLA(3, 31, 4)
	VST1.P [V4.S4], 16(R0)
	SUB    $1, R4
	CBNZ   R4, loop
	RET
