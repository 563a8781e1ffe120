#include "textflag.h"

// func adamVector(w, m, v, gradient *float32, n int, numbers *[8]float32)
//
// Y8-Y15 hold numbers: Beta1, 1-Beta1, Beta2, 1-Beta2, Rate, Root, Epsilon, Keep.
TEXT ·adamVector(SB), NOSPLIT, $0-48
	MOVQ w+0(FP), DI
	MOVQ m+8(FP), R8
	MOVQ v+16(FP), R9
	MOVQ gradient+24(FP), SI
	MOVQ n+32(FP), CX
	MOVQ numbers+40(FP), DX
	VBROADCASTSS (DX), Y8
	VBROADCASTSS 4(DX), Y9
	VBROADCASTSS 8(DX), Y10
	VBROADCASTSS 12(DX), Y11
	VBROADCASTSS 16(DX), Y12
	VBROADCASTSS 20(DX), Y13
	VBROADCASTSS 24(DX), Y14
	VBROADCASTSS 28(DX), Y15
	XORQ AX, AX
loop:
	VMOVUPS     (SI)(AX*4), Y0
	VMULPS      Y0, Y9, Y1
	VFMADD231PS (R8)(AX*4), Y8, Y1
	VMOVUPS     Y1, (R8)(AX*4)
	VMULPS      Y0, Y11, Y2
	VMULPS      Y0, Y2, Y2
	VFMADD231PS (R9)(AX*4), Y10, Y2
	VMOVUPS     Y2, (R9)(AX*4)
	VSQRTPS     Y2, Y2
	VFMADD213PS Y14, Y13, Y2
	VMULPS      Y1, Y12, Y1
	VDIVPS      Y2, Y1, Y1
	VMOVUPS     (DI)(AX*4), Y3
	VFMSUB213PS Y1, Y15, Y3
	VMOVUPS     Y3, (DI)(AX*4)
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop
	VZEROUPPER
	RET
