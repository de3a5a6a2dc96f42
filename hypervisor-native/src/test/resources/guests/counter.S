/* Counts at 2 MiB for ever and never leaves the guest. */
.globl _start
_start:
        incq 0x200000
        jmp _start
