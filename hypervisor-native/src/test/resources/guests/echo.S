/*
 * Exits all the time: writes a byte to a port, reads another, does a string write and an MMIO read that nobody answers.
 * Stops with a reset if an answer is wrong. Counts rounds at 2 MiB.
 */
.globl _start
_start:
        mov $0xd8000000, %rbx
1:      mov $0x5a, %al
        out %al, $0x80
        mov $0x3ff, %edx            /* scratch register of the serial port */
        mov %ecx, %eax
        out %al, (%dx)
        mov %al, %ah
        in (%dx), %al
        cmp %al, %ah
        jne 2f
        mov (%rbx), %rax            /* all ones */
        inc %rax
        jnz 2f
        movabs $0xd8000ffd, %rsi    /* across a page: two exits for one access */
        mov (%rsi), %rax
        inc %rax
        jnz 2f
        inc %rcx
        incq 0x200000
        jmp 1b
2:      mov $0xfe, %al
        out %al, $0x64
