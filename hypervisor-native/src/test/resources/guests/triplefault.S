/* Has no interrupt table: the invalid instruction becomes a triple fault. */
.globl _start
_start:
        nop
        ud2
