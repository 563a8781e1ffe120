#include "neon_arm64.h"
#include "textflag.h"

// Constant i, spread over the lanes, is in V(13+i); see BEGIN.
#define C(i) (13+(i))

// EXP sets V0 to e to the power of V0, step for step as exp does in Go. It
// changes V1-V4. FMAX and FMIN keep a NaN. V24, constant 11, is 1, whose bits
// hold the bias of an exponent.
#define EXP \
	FMAX(C(0), 0, 0);              \
	FMIN(C(1), 0, 0);              \
	FMUL(C(2), 0, 1);              \
	FRINTN(1, 1);                  \
	FMLA(C(3), 1, 0);              \
	FMLA(C(4), 1, 0);              \
	VMOV V19.B16, V2.B16;          \
	FMLA(C(5), 0, 2);              \
	VMOV V20.B16, V3.B16;          \
	FMLA(2, 0, 3);                 \
	VMOV V21.B16, V2.B16;          \
	FMLA(3, 0, 2);                 \
	VMOV V22.B16, V3.B16;          \
	FMLA(2, 0, 3);                 \
	VMOV V23.B16, V2.B16;          \
	FMLA(3, 0, 2);                 \
	FMUL(0, 0, 3);                 \
	FMLA(2, 3, 0);                 \
	FADD(C(11), 0, 0);             \
	FCVTNS(1, 1);                  \
	HALVE(1, 2);                   \
	VSUB V2.S4, V1.S4, V1.S4;      \
	VSHL $23, V2.S4, V2.S4;        \
	VADD V24.S4, V2.S4, V2.S4;     \
	VSHL $23, V1.S4, V1.S4;        \
	VADD V24.S4, V1.S4, V1.S4;     \
	FMUL(2, 0, 0);                 \
	FMUL(1, 0, 0)

// BEGIN reads the constants; R2 counts groups of 4 elements.
#define BEGIN \
	MOVD  dst+0(FP), R0;       \
	MOVD  x+8(FP), R1;         \
	MOVD  n+16(FP), R2;        \
	LSR   $2, R2;              \
	MOVD  $·spread(SB), R3;    \
	FMOVQ (32*0)(R3), F13;     \
	FMOVQ (32*1)(R3), F14;     \
	FMOVQ (32*2)(R3), F15;     \
	FMOVQ (32*3)(R3), F16;     \
	FMOVQ (32*4)(R3), F17;     \
	FMOVQ (32*5)(R3), F18;     \
	FMOVQ (32*6)(R3), F19;     \
	FMOVQ (32*7)(R3), F20;     \
	FMOVQ (32*8)(R3), F21;     \
	FMOVQ (32*9)(R3), F22;     \
	FMOVQ (32*10)(R3), F23;    \
	FMOVQ (32*11)(R3), F24;    \
	FMOVQ (32*12)(R3), F25;    \
	FMOVQ (32*13)(R3), F26;    \
	FMOVQ (32*14)(R3), F27;    \
	FMOVQ (32*15)(R3), F28;    \
	FMOVQ (32*16)(R3), F29;    \
	FMOVQ (32*17)(R3), F30;    \
	FMOVQ (32*18)(R3), F31

#define NEXT(loop) \
	VST1.P [V0.S4], 16(R0); \
	SUB    $1, R2;          \
	CBNZ   R2, loop

// func expVector(dst, x *float32, n int)
TEXT ·expVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VLD1.P 16(R1), [V0.S4]
	EXP
	NEXT(loop)
	RET

// func sigmoidVector(dst, x *float32, n int)
TEXT ·sigmoidVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VLD1.P 16(R1), [V0.S4]
	FNEG(0, 0)
	EXP
	FADD(C(11), 0, 0)
	FDIV(0, C(11), 0)
	NEXT(loop)
	RET

// func tanhVector(dst, x *float32, n int)
TEXT ·tanhVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	VLD1.P 16(R1), [V5.S4]
	FABS(5, 6)
	VEOR   V5.B16, V6.B16, V7.B16 // the sign

	// 1 - 2/(exp(2|x|)+1), with the sign, in V0
	FADD(6, 6, 0)
	EXP
	FADD(C(11), 0, 0)
	FDIV(0, C(18), 0)
	FADD(C(11), 0, 0)
	VORR   V7.B16, V0.B16, V0.B16

	// x + x³Q(x²) in V5
	FMUL(5, 5, 1)
	VMOV   V27.B16, V2.B16
	FMLA(C(13), 1, 2)
	VMOV   V28.B16, V3.B16
	FMLA(2, 1, 3)
	VMOV   V29.B16, V2.B16
	FMLA(3, 1, 2)
	VMOV   V30.B16, V3.B16
	FMLA(2, 1, 3)
	FMUL(1, 3, 3)
	VMOV   V5.B16, V4.B16
	FMLA(3, 4, 5)

	FCMGT(6, C(12), 8) // 0.625 > |x|
	VBIT   V8.B16, V5.B16, V0.B16
	NEXT(loop)
	RET
