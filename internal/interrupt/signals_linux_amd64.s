#include "textflag.h"

// The system calls of the handler.
#define SYS_rt_sigreturn 15
#define SYS_clock_gettime 228
#define CLOCK_THREAD_CPUTIME_ID 3

// onSignal is the handler of the signal. It uses CPU time of its thread, as much as the
// low half of the signal's value says, in nanoseconds, and counts that in the element of
// spent that the high half says. The kernel has saved all registers.
TEXT onSignal<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ 24(SI), R12 // siginfo.si_value
	SUBQ $24, SP
	CALL clock<>(SB)
	MOVQ R8, R13     // the start
	MOVL R12, R9     // the weight
	ADDQ R13, R9     // the end
more:
	CALL clock<>(SB)
	CMPQ R8, R9
	JLT  more
	SUBQ R13, R8
	ADDQ $24, SP
	SHRQ $32, R12
	SHLQ $4, R12     // the size of an element
	LEAQ ·spent(SB), R10
	ADDQ R12, R10
	LOCK
	XADDQ R8, 8(R10)
	MOVQ $1, R8
	LOCK
	XADDQ R8, 0(R10)
	RET              // to onReturn

// clock returns the CPU time of the thread, in nanoseconds, in R8. The caller has room
// for a timespec above the return address.
TEXT clock<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ R9, R15     // R11 and RCX are the kernel's
	MOVQ $CLOCK_THREAD_CPUTIME_ID, DI
	LEAQ 8(SP), SI
	MOVQ $SYS_clock_gettime, AX
	SYSCALL
	MOVQ 8(SP), R8
	IMULQ $1000000000, R8
	ADDQ 16(SP), R8
	MOVQ R15, R9
	RET

// onReturn is where the handler returns to.
TEXT onReturn<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ $SYS_rt_sigreturn, AX
	SYSCALL
	INT $3           // not reached

GLOBL ·onSignalAddress(SB), RODATA, $8
DATA ·onSignalAddress(SB)/8, $onSignal<>(SB)
GLOBL ·onReturnAddress(SB), RODATA, $8
DATA ·onReturnAddress(SB)/8, $onReturn<>(SB)
