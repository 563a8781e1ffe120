// The strip itself, for a TEXT that has put the masks into K1 and K2 and the
// strip into DI. See avx512_macros_amd64.h for the registers.

	MOVQ strip_a(DI), AX
	MOVQ strip_aRow(DI), R8
	LEAQ (R8)(R8*2), R9
	MOVQ strip_aStep(DI), R10
	MOVQ strip_bStep(DI), R11
	MOVQ strip_c(DI), R12
	MOVQ strip_cRow(DI), R13
	MOVQ strip_rows(DI), R15

rows12:
	CMPQ R15, $12
	JLT  rows8
	BEGIN
	JE   clear12
	ALL12(LOAD)
	JMP  start12
clear12:
	ALL12(CLEAR)
start12:
	MOVQ AX, BX
	LEAQ (AX)(R8*4), CX
	LEAQ (AX)(R8*8), DX
	PCALIGN $32
step12:
	RIGHT
	ROWS4(BX, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	ROWS4(CX, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	ROWS4(DX, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23)
	DECQ R14
	JNZ  step12
	MOVQ R12, BX
	ALL12(STORE)
	MOVQ BX, R12
	ADDQ strip_aPanel(DI), AX
	SUBQ $12, R15
	JMP  rows12

rows8:
	CMPQ R15, $8
	JLT  rows4
	BEGIN
	JE   clear8
	ALL8(LOAD)
	JMP  start8
clear8:
	ALL8(CLEAR)
start8:
	MOVQ AX, BX
	LEAQ (AX)(R8*4), CX
	PCALIGN $32
step8:
	RIGHT
	ROWS4(BX, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	ROWS4(CX, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	DECQ R14
	JNZ  step8
	MOVQ R12, BX
	ALL8(STORE)
	MOVQ BX, R12
	LEAQ (AX)(R8*8), AX
	SUBQ $8, R15

rows4:
	CMPQ R15, $4
	JLT  rows2
	BEGIN
	JE   clear4
	ALL4(LOAD)
	JMP  start4
clear4:
	ALL4(CLEAR)
start4:
	MOVQ AX, BX
	PCALIGN $32
step4:
	RIGHT
	ROWS4(BX, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	DECQ R14
	JNZ  step4
	MOVQ R12, BX
	ALL4(STORE)
	MOVQ BX, R12
	LEAQ (AX)(R8*4), AX
	SUBQ $4, R15

rows2:
	CMPQ R15, $2
	JLT  rows1
	BEGIN
	JE   clear2
	LOAD(Z0, Z1)
	LOAD(Z2, Z3)
	JMP  start2
clear2:
	CLEAR(Z0, Z1)
	CLEAR(Z2, Z3)
start2:
	MOVQ AX, BX
	PCALIGN $32
step2:
	RIGHT
	ROW((BX), Z26, Z0, Z1)
	ROW((BX)(R8*1), Z27, Z2, Z3)
	ADDQ R10, BX
	DECQ R14
	JNZ  step2
	MOVQ R12, BX
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	MOVQ BX, R12
	LEAQ (AX)(R8*2), AX
	SUBQ $2, R15

rows1:
	CMPQ R15, $1
	JLT  done
	BEGIN
	JE   clear1
	LOAD(Z0, Z1)
	JMP  start1
clear1:
	CLEAR(Z0, Z1)
start1:
	MOVQ AX, BX
	PCALIGN $32
step1:
	RIGHT
	ROW((BX), Z26, Z0, Z1)
	ADDQ R10, BX
	DECQ R14
	JNZ  step1
	MOVQ R12, BX
	STORE(Z0, Z1)

done:
	VZEROUPPER
	RET
