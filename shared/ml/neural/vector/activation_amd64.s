#include "textflag.h"

// C is one of constants, spread over the lanes; R8 points at them.
#define C(place) (32*place)(R8)

// EXP sets x to e to the power of x, step for step as exp does in Go; n, p and
// t are changed. VMAXPS and VMINPS return their first operand (in this order)
// if one is NaN, so a NaN stays. The bits of 1 hold the bias of an exponent.
#define EXP(x, n, p, t) \
	VMOVUPS     C(0), t;       \
	VMAXPS      x, t, x;       \
	VMOVUPS     C(1), t;       \
	VMINPS      x, t, x;       \
	VMULPS      C(2), x, n;    \
	VROUNDPS    $0, n, n;      \
	VFMADD231PS C(3), n, x;    \
	VFMADD231PS C(4), n, x;    \
	VMOVUPS     C(5), p;       \
	VFMADD213PS C(6), x, p;    \
	VFMADD213PS C(7), x, p;    \
	VFMADD213PS C(8), x, p;    \
	VFMADD213PS C(9), x, p;    \
	VFMADD213PS C(10), x, p;   \
	VMULPS      x, x, t;       \
	VFMADD213PS x, t, p;       \
	VADDPS      C(11), p, p;   \
	VCVTPS2DQ   n, n;          \
	VPSRAD      $1, n, t;      \
	VPSUBD      t, n, n;       \
	VPSLLD      $23, t, t;     \
	VPADDD      C(11), t, t;   \
	VPSLLD      $23, n, n;     \
	VPADDD      C(11), n, n;   \
	VMULPS      t, p, p;       \
	VMULPS      n, p, x

// BEGIN also sets Y15 to the sign bits.
#define BEGIN \
	MOVQ dst+0(FP), DI;        \
	MOVQ x+8(FP), SI;          \
	MOVQ n+16(FP), CX;         \
	SHRQ $3, CX;               \
	LEAQ ·spread(SB), R8;      \
	VPCMPEQD Y15, Y15, Y15;    \
	VPSLLD   $31, Y15, Y15

#define NEXT(loop) \
	ADDQ $32, SI; \
	ADDQ $32, DI; \
	DECQ CX;      \
	JNZ  loop

// func expVector(dst, x *float32, n int)
TEXT ·expVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VMOVUPS (SI), Y0
	EXP(Y0, Y1, Y2, Y3)
	VMOVUPS Y0, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func sigmoidVector(dst, x *float32, n int)
TEXT ·sigmoidVector(SB), NOSPLIT, $0-24
	BEGIN
	VMOVUPS C(11), Y14
loop:
	VXORPS (SI), Y15, Y0
	EXP(Y0, Y1, Y2, Y3)
	VADDPS  Y14, Y0, Y0
	VDIVPS  Y0, Y14, Y0
	VMOVUPS Y0, (DI)
	NEXT(loop)
	VZEROUPPER
	RET

// func tanhVector(dst, x *float32, n int)
TEXT ·tanhVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VMOVUPS (SI), Y4
	VANDNPS Y4, Y15, Y5 // |x|

	// 1 - 2/(exp(2|x|)+1) in Y1
	VADDPS Y5, Y5, Y0
	EXP(Y0, Y1, Y2, Y3)
	VADDPS  C(11), Y0, Y0
	VMOVUPS C(18), Y1
	VDIVPS  Y0, Y1, Y1
	VADDPS  C(11), Y1, Y1
	VANDPS  Y4, Y15, Y2
	VORPS   Y2, Y1, Y1

	// x + x³Q(x²) in Y2
	VMULPS      Y4, Y4, Y3
	VMOVUPS     C(13), Y2
	VFMADD213PS C(14), Y3, Y2
	VFMADD213PS C(15), Y3, Y2
	VFMADD213PS C(16), Y3, Y2
	VFMADD213PS C(17), Y3, Y2
	VMULPS      Y3, Y2, Y2
	VFMADD213PS Y4, Y4, Y2

	VCMPPS    $17, C(12), Y5, Y5 // |x| < 0.625
	VBLENDVPS Y5, Y2, Y1, Y0
	VMOVUPS   Y0, (DI)
	NEXT(loop)
	VZEROUPPER
	RET
