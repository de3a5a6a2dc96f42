/* Writes its round into each of 64 pages from 3 MiB, one after the other, and counts rounds at 2 MiB. */
.globl _start
_start:
        xor %ecx, %ecx
1:      inc %rcx
        mov $0x300000, %edi
        mov $64, %edx
2:      mov %rcx, (%rdi)
        add $4096, %rdi
        dec %edx
        jnz 2b
        mov %rcx, 0x200000
        jmp 1b
