/* Does in kernel mode what every Linux for x86-64 does and what a KVM that emulates kernel code may not know, prints "ok" on
   the serial port and asks for a reset. Entered in long mode, interrupts off, RAM mapped from 0 on. */
.globl _start
_start:
        mov $stack, %rsp
        /* As in the slow paths of Linux's allocator. */
        xor %eax, %eax
        xor %edx, %edx
        mov $1, %ebx
        xor %ecx, %ecx
        lock cmpxchg16b sixteen
        /* As at every switch of tasks. */
        mov %cr4, %rax
        or $0x200, %rax                 /* OSFXSR */
        mov %rax, %cr4
        fxsave area
        fxrstor area
        /* A trap, as Linux patches itself by. */
        lea trap(%rip), %rax
        mov %ax, idt + 3 * 16
        shr $16, %rax
        mov %ax, idt + 3 * 16 + 6
        mov %cs, %ax
        mov %ax, idt + 3 * 16 + 2
        lidt idtr
        int3
after:
        mov $0x3f8, %edx
        mov $'o', %al
        out %al, (%dx)
        mov $'k', %al
        out %al, (%dx)
        mov $'\n', %al
        out %al, (%dx)
        mov $0xfe, %al
        out %al, $0x64
1:      hlt
        jmp 1b

trap:   iretq

        .data
        .balign 16
sixteen:
        .quad 0, 0
        .balign 16
area:   .skip 512
        .balign 16
idt:    .skip 3 * 16
        .word 0, 0
        .byte 0, 0x8e                   /* an interrupt gate that is present */
        .word 0
        .long 0, 0
idtr:   .word 4 * 16 - 1
        .quad idt
        .balign 16
        .skip 4096
stack:
