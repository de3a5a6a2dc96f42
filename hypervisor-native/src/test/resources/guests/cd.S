/* A CD's boot image: tells by the BIOS what it reads from the CD by the BIOS, and reboots by way of the BIOS. */
        .code16
        .globl _start
_start:
        ljmp $0x7c0, $start
start:
        mov %cs, %ax
        mov %ax, %ds
        mov $text, %si
        call print
        mov $packet, %si            /* DL is the CD's number */
        mov $0x42, %ah
        int $0x13
        jc 1f
        mov $0x1000, %ax
        mov %ax, %ds
        mov $1, %si
        movb $0, 6
        call print
1:      mov %cs, %ax
        mov %ax, %ds
        mov $end, %si               /* SeaBIOS holds the last letter back */
        call print
        ljmp $0xffff, $0

print:  lodsb
        test %al, %al
        jz 2f
        mov $0x0e, %ah
        mov $7, %bx
        push %si
        int $0x10
        pop %si
        jmp print
2:      ret

text:   .asciz "read from the CD: "
end:    .asciz "."
packet: .byte 0x10, 0
        .word 1, 0, 0x1000
        .quad 16
        .org 2048
