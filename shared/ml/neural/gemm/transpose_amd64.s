#include "textflag.h"

// func transposeAVX(dst *float32, width int, lines *[4]*float32, squares int)
//
// R9-R12 walk the four lines; X0-X3 hold four numbers of each, then four rows.
TEXT ·transposeAVX(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ width+8(FP), R8
	MOVQ lines+16(FP), SI
	MOVQ squares+24(FP), CX
	LEAQ (R8)(R8*2), DX
	MOVQ (SI), R9
	MOVQ 8(SI), R10
	MOVQ 16(SI), R11
	MOVQ 24(SI), R12
	XORQ AX, AX

square:
	VMOVUPS (R9)(AX*1), X0
	VMOVUPS (R10)(AX*1), X1
	VMOVUPS (R11)(AX*1), X2
	VMOVUPS (R12)(AX*1), X3
	VUNPCKLPS X1, X0, X4 // rows 0 and 1 of lines 0 and 1, taking turns
	VUNPCKHPS X1, X0, X5
	VUNPCKLPS X3, X2, X6 // and of lines 2 and 3
	VUNPCKHPS X3, X2, X7
	VUNPCKLPD X6, X4, X0
	VUNPCKHPD X6, X4, X1
	VUNPCKLPD X7, X5, X2
	VUNPCKHPD X7, X5, X3
	VMOVUPS X0, (DI)
	VMOVUPS X1, (DI)(R8*1)
	VMOVUPS X2, (DI)(R8*2)
	VMOVUPS X3, (DI)(DX*1)
	ADDQ $16, AX
	LEAQ (DI)(R8*4), DI
	DECQ CX
	JNZ  square
	RET
