#include "textflag.h"

// In all loops DI walks the destination, SI the argument, and CX counts groups.
#define BEGIN \
	MOVQ dst+0(FP), DI; \
	MOVQ x+8(FP), SI;   \
	MOVQ n+16(FP), CX;  \
	SHRQ $3, CX

#define NEXT(loop) \
	ADDQ $32, SI; \
	ADDQ $32, DI; \
	DECQ CX;      \
	JNZ  loop

// func axpyVector(dst, x *float32, n int, a float32)
TEXT ·axpyVector(SB), NOSPLIT, $0-28
	BEGIN
	VBROADCASTSS a+24(FP), Y0
loop:
	VMOVUPS     (DI), Y1
	VFMADD231PS (SI), Y0, Y1
	VMOVUPS     Y1, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func addVector(dst, x *float32, n int)
TEXT ·addVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VMOVUPS (DI), Y0
	VADDPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func mulVector(dst, x *float32, n int)
TEXT ·mulVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VMOVUPS (DI), Y0
	VMULPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func scaleVector(dst *float32, n int, a float32)
TEXT ·scaleVector(SB), NOSPLIT, $0-20
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	SHRQ $3, CX
	VBROADCASTSS a+16(FP), Y0
loop:
	VMULPS  (DI), Y0, Y1
	VMOVUPS Y1, (DI)
	ADDQ $32, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func reluVector(dst, x *float32, n int)
//
// Of a NaN and a number, and of two zeros, VMAXPS returns its first operand (in
// this order): so a NaN in x stays, and -0 would, but for the addition of +0.
TEXT ·reluVector(SB), NOSPLIT, $0-24
	BEGIN
	VXORPS Y0, Y0, Y0
loop:
	VMOVUPS (SI), Y1
	VMAXPS  Y1, Y0, Y1
	VADDPS  Y0, Y1, Y1
	VMOVUPS Y1, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func reluGradVector(dst, y *float32, n int)
TEXT ·reluGradVector(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ y+8(FP), SI
	MOVQ n+16(FP), CX
	SHRQ $3, CX
	VXORPS Y0, Y0, Y0
loop:
	VCMPPS  $17, (SI), Y0, Y1 // 0 < y, false for a NaN
	VANDPS  (DI), Y1, Y1
	VMOVUPS Y1, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func dotVector(sums *[dotLanes]float32, x, y *float32, n int)
TEXT ·dotVector(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), DX
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), DI
	MOVQ n+24(FP), CX
	SHRQ $5, CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
loop:
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VMOVUPS 64(SI), Y6
	VMOVUPS 96(SI), Y7
	VFMADD231PS (DI), Y4, Y0
	VFMADD231PS 32(DI), Y5, Y1
	VFMADD231PS 64(DI), Y6, Y2
	VFMADD231PS 96(DI), Y7, Y3
	ADDQ $128, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  loop
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VMOVUPS Y2, 64(DX)
	VMOVUPS Y3, 96(DX)
	VZEROUPPER
	RET

// func sumVector(sums *[dotLanes]float32, x *float32, n int)
TEXT ·sumVector(SB), NOSPLIT, $0-24
	MOVQ sums+0(FP), DX
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	SHRQ $5, CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
loop:
	VADDPS (SI), Y0, Y0
	VADDPS 32(SI), Y1, Y1
	VADDPS 64(SI), Y2, Y2
	VADDPS 96(SI), Y3, Y3
	ADDQ $128, SI
	DECQ CX
	JNZ  loop
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VMOVUPS Y2, 64(DX)
	VMOVUPS Y3, 96(DX)
	VZEROUPPER
	RET
