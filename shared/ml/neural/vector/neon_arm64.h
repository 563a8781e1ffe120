// Instructions that Go's assembler lacks, all on four floats: m, n and d are
// register numbers, in Go's order of operands. Encodings: Arm Architecture
// Reference Manual, C7.2, with Q = 1 and sz = 0.
#define FADD(m, n, d)  WORD $(0x4E20D400 | ((m) << 16) | ((n) << 5) | (d))
#define FMUL(m, n, d)  WORD $(0x6E20DC00 | ((m) << 16) | ((n) << 5) | (d))
#define FDIV(m, n, d)  WORD $(0x6E20FC00 | ((m) << 16) | ((n) << 5) | (d)) // n / m
#define FMAX(m, n, d)  WORD $(0x4E20F400 | ((m) << 16) | ((n) << 5) | (d))
#define FMIN(m, n, d)  WORD $(0x4EA0F400 | ((m) << 16) | ((n) << 5) | (d))
#define FMLA(m, n, d)  WORD $(0x4E20CC00 | ((m) << 16) | ((n) << 5) | (d)) // d + n*m
#define FCMGT(m, n, d) WORD $(0x6EA0E400 | ((m) << 16) | ((n) << 5) | (d)) // n > m
#define FSQRT(n, d)    WORD $(0x6EA1F800 | ((n) << 5) | (d))
#define FNEG(n, d)     WORD $(0x6EA0F800 | ((n) << 5) | (d))
#define FABS(n, d)     WORD $(0x4EA0F800 | ((n) << 5) | (d))
#define FRINTN(n, d)   WORD $(0x4E218800 | ((n) << 5) | (d)) // to nearest, ties to even
#define FCVTNS(n, d)   WORD $(0x4E21A800 | ((n) << 5) | (d)) // to integers
#define HALVE(n, d)    WORD $(0x4F3F0400 | ((n) << 5) | (d)) // SSHR by 1

