#include "textflag.h"

// func copyLinesAVX(dst *float32, width int, data *float32, offsets *int, stride, lines int, mask *int32)
//
// Copies the numbers that mask has set of each line to rows of width numbers,
// 16 or 32, zeros for the others. With offsets, a line begins at
// data[*offsets]; without, stride bytes after the one before.
//
//	DI dst   R8 width   BX data   R9 offsets   R10 stride   DX lines to go
//	SI a line   Y4-Y7 mask
TEXT ·copyLinesAVX(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ width+8(FP), R8
	MOVQ data+16(FP), BX
	MOVQ offsets+24(FP), R9
	MOVQ stride+32(FP), R10
	MOVQ lines+40(FP), DX
	MOVQ mask+48(FP), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS 64(AX), Y6
	VMOVUPS 96(AX), Y7
	MOVQ BX, SI

line:
	TESTQ R9, R9
	JZ    here
	MOVQ  (R9), AX
	ADDQ  $8, R9
	LEAQ  (BX)(AX*4), SI
here:
	VMASKMOVPS (SI), Y4, Y0
	VMASKMOVPS 32(SI), Y5, Y1
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, 32(DI)
	CMPQ R8, $16
	JE   next
	VMASKMOVPS 64(SI), Y6, Y2
	VMASKMOVPS 96(SI), Y7, Y3
	VMOVUPS    Y2, 64(DI)
	VMOVUPS    Y3, 96(DI)
next:
	ADDQ R10, SI
	LEAQ (DI)(R8*4), DI
	DECQ DX
	JNZ  line
	VZEROUPPER
	RET
