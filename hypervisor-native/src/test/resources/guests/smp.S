/* Starts vCPU 1 by INIT and SIPI; then vCPU 0 counts at 2 MiB and vCPU 1, in real mode, at 0x50000, for ever. */
.globl _start
_start:
        lea trampoline(%rip), %rsi
        mov $0x40000, %edi
        mov $trampoline_end - trampoline, %ecx
1:      mov (%rsi), %al
        mov %al, (%rdi)
        inc %rsi
        inc %rdi
        dec %ecx
        jnz 1b
        mov $0xfee00000, %ebx
        movl $0x1ff, 0xf0(%rbx)         /* the local APIC on */
        movl $0x01000000, 0x310(%rbx)   /* to APIC id 1 */
        movl $0x4500, 0x300(%rbx)       /* INIT */
        mov $1000, %ecx
2:      dec %ecx
        jnz 2b
        movl $0x4640, 0x300(%rbx)       /* start at page 0x40 */
3:      incq 0x200000
        jmp 3b

        .code16
trampoline:
        mov $0x5000, %ax
        mov %ax, %ds
4:      incl 0
        jmp 4b
trampoline_end:
