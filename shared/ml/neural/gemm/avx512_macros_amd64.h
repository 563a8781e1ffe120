// The body of the AVX-512 kernels. The file that includes it defines, for two
// registers or one of each row's sums,
//
//	ROW(element, spread, sum0, sum1)  adds an element of the left factor times
//	                                  row k of the right one
//	RIGHT                             reads row k of the right factor
//	LOAD, STORE, CLEAR(sum0, sum1)    move or begin the sums of a row; BX walks
//	                                  down the result
//
// Registers:
//
//	Z0-Z23  sums: row r has Z(2r), columns 0-15, and Z(2r+1), columns 16-31
//	Z24,Z25 row k of the right factor   Z26,Z27 elements of the left one, spread
//	K1, K2  which of the 16 + 16 columns exist
//	DI strip   AX left factor, this tile   BX, CX, DX its rows 0, 4, 8 at k
//	R8 aRow    R9 3*aRow    R10 aStep      SI row k of the right factor   R11 bStep
//	R12 result, this tile   R13 cRow       R14 k to go   R15 rows to go

#define ROWS4(base, s0, s1, s2, s3, s4, s5, s6, s7) \
	ROW((base), Z26, s0, s1);         \
	ROW((base)(R8*1), Z27, s2, s3);   \
	ROW((base)(R8*2), Z26, s4, s5);   \
	ROW((base)(R9*1), Z27, s6, s7);   \
	ADDQ R10, base

#define ALL4(DO) \
	DO(Z0, Z1); \
	DO(Z2, Z3); \
	DO(Z4, Z5); \
	DO(Z6, Z7)

#define ALL8(DO) \
	ALL4(DO);     \
	DO(Z8, Z9);   \
	DO(Z10, Z11); \
	DO(Z12, Z13); \
	DO(Z14, Z15)

#define ALL12(DO) \
	ALL8(DO);     \
	DO(Z16, Z17); \
	DO(Z18, Z19); \
	DO(Z20, Z21); \
	DO(Z22, Z23)

// BEGIN starts a tile: SI at the right factor, R14 at the depth; flags say
// whether sums begin at zero.
#define BEGIN \
	MOVQ strip_b(DI), SI;       \
	MOVQ strip_depth(DI), R14;  \
	MOVQ R12, BX;               \
	CMPQ strip_load(DI), $0
