#include "neon_arm64.h"
#include "textflag.h"

// In all loops R0 walks the destination, R1 the argument, and R2 counts groups
// of 8 elements.
#define BEGIN \
	MOVD dst+0(FP), R0; \
	MOVD x+8(FP), R1;   \
	MOVD n+16(FP), R2;  \
	LSR  $3, R2

#define LOAD2 \
	VLD1   (R0), [V0.S4, V1.S4]; \
	VLD1.P 32(R1), [V2.S4, V3.S4]

#define NEXT(loop) \
	VST1.P [V0.S4, V1.S4], 32(R0); \
	SUB    $1, R2;                 \
	CBNZ   R2, loop

// func axpyVector(dst, x *float32, n int, a float32)
TEXT ·axpyVector(SB), NOSPLIT, $0-28
	BEGIN
	FMOVS a+24(FP), F4
	VDUP  V4.S[0], V4.S4
loop:
	LOAD2
	VFMLA V2.S4, V4.S4, V0.S4
	VFMLA V3.S4, V4.S4, V1.S4
	NEXT(loop)
	RET

// func addVector(dst, x *float32, n int)
TEXT ·addVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	LOAD2
	FADD(2, 0, 0)
	FADD(3, 1, 1)
	NEXT(loop)
	RET

// func mulVector(dst, x *float32, n int)
TEXT ·mulVector(SB), NOSPLIT, $0-24
	BEGIN
loop:
	LOAD2
	FMUL(2, 0, 0)
	FMUL(3, 1, 1)
	NEXT(loop)
	RET

// func scaleVector(dst *float32, n int, a float32)
TEXT ·scaleVector(SB), NOSPLIT, $0-20
	MOVD  dst+0(FP), R0
	MOVD  n+8(FP), R2
	LSR   $3, R2
	FMOVS a+16(FP), F4
	VDUP  V4.S[0], V4.S4
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	FMUL(4, 0, 0)
	FMUL(4, 1, 1)
	NEXT(loop)
	RET

// func reluVector(dst, x *float32, n int)
//
// FMAX returns a NaN for a NaN, and +0 of two zeros.
TEXT ·reluVector(SB), NOSPLIT, $0-24
	BEGIN
	VEOR V4.B16, V4.B16, V4.B16
loop:
	VLD1.P 32(R1), [V2.S4, V3.S4]
	FMAX(4, 2, 0)
	FMAX(4, 3, 1)
	NEXT(loop)
	RET

// func reluGradVector(dst, y *float32, n int)
TEXT ·reluGradVector(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD y+8(FP), R1
	MOVD n+16(FP), R2
	LSR  $3, R2
	VEOR V4.B16, V4.B16, V4.B16
loop:
	LOAD2
	FCMGT(4, 2, 2)
	FCMGT(4, 3, 3)
	VAND V2.B16, V0.B16, V0.B16
	VAND V3.B16, V1.B16, V1.B16
	NEXT(loop)
	RET

#define CLEAR8 \
	VEOR V0.B16, V0.B16, V0.B16; \
	VEOR V1.B16, V1.B16, V1.B16; \
	VEOR V2.B16, V2.B16, V2.B16; \
	VEOR V3.B16, V3.B16, V3.B16; \
	VEOR V4.B16, V4.B16, V4.B16; \
	VEOR V5.B16, V5.B16, V5.B16; \
	VEOR V6.B16, V6.B16, V6.B16; \
	VEOR V7.B16, V7.B16, V7.B16

#define STORE8 \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0); \
	VST1   [V4.S4, V5.S4, V6.S4, V7.S4], (R0)

// func dotVector(sums *[dotLanes]float32, x, y *float32, n int)
TEXT ·dotVector(SB), NOSPLIT, $0-32
	MOVD sums+0(FP), R0
	MOVD x+8(FP), R1
	MOVD y+16(FP), R3
	MOVD n+24(FP), R2
	LSR  $5, R2
	CLEAR8
loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R3), [V20.S4, V21.S4, V22.S4, V23.S4]
	VFMLA  V16.S4, V20.S4, V0.S4
	VFMLA  V17.S4, V21.S4, V1.S4
	VFMLA  V18.S4, V22.S4, V2.S4
	VFMLA  V19.S4, V23.S4, V3.S4
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R3), [V20.S4, V21.S4, V22.S4, V23.S4]
	VFMLA  V16.S4, V20.S4, V4.S4
	VFMLA  V17.S4, V21.S4, V5.S4
	VFMLA  V18.S4, V22.S4, V6.S4
	VFMLA  V19.S4, V23.S4, V7.S4
	SUB    $1, R2
	CBNZ   R2, loop
	STORE8
	RET

// func sumVector(sums *[dotLanes]float32, x *float32, n int)
TEXT ·sumVector(SB), NOSPLIT, $0-24
	MOVD sums+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	LSR  $5, R2
	CLEAR8
loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R1), [V20.S4, V21.S4, V22.S4, V23.S4]
	FADD(16, 0, 0)
	FADD(17, 1, 1)
	FADD(18, 2, 2)
	FADD(19, 3, 3)
	FADD(20, 4, 4)
	FADD(21, 5, 5)
	FADD(22, 6, 6)
	FADD(23, 7, 7)
	SUB    $1, R2
	CBNZ   R2, loop
	STORE8
	RET
