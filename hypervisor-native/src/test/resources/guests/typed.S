/* A CD's boot image: asks, tells by the BIOS what is typed until Enter, and reboots by way of the BIOS. */
        .code16
        .globl _start
_start:
        ljmp $0x7c0, $start
start:
        mov %cs, %ax
        mov %ax, %ds
        mov $text, %si
1:      lodsb
        test %al, %al
        jz 2f
        call print
        jmp 1b
2:      xor %ah, %ah
        int $0x16
        cmp $13, %al
        je 3f
        call print
        jmp 2b
3:      mov $'.', %al               /* SeaBIOS holds the last letter back */
        call print
        ljmp $0xffff, $0

print:  mov $0x0e, %ah
        mov $7, %bx
        push %si
        int $0x10
        pop %si
        ret

text:   .asciz "who is there? "
        .org 2048
