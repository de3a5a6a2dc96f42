/* A BIOS of 64 KiB that writes "ROrLQEMUT" to the serial port, a letter for each thing that it finds in order, and resets. */
        .code16
        .globl _start
_start:
start:
        mov $0x3f8, %dx             /* in the ROM below 4 GiB: CS is still that of the reset */
        mov $'R', %al
        out %al, (%dx)
        mov $'O', %al
        movb $'w', %cs:cell         /* no RAM: nothing changes */
        cmpb $'r', %cs:cell
        jne 1f
        out %al, (%dx)
1:      mov %cs:cell, %al
        out %al, (%dx)
        ljmp $0xf000, $low
low:
        mov %cs, %ax                /* in the copy below 1 MiB, which is RAM */
        mov %ax, %ds
        mov %ax, %es
        movb $'L', cell
        mov cell, %al
        out %al, (%dx)

        mov $0x510, %dx             /* the signature of the firmware configuration, by a string instruction */
        xor %ax, %ax
        out %ax, (%dx)
        inc %dx
        mov $cell, %di
        mov $4, %cx
        cld
        rep insb
        mov $0x3f8, %dx
        mov $cell, %si
        mov $4, %cx
2:      lodsb
        out %al, (%dx)
        loop 2b

        in $0x61, %al               /* the interval timer: its third counter is not done at once, but some time */
        and $0xfd, %al
        or $1, %al
        out %al, $0x61
        mov $0xb0, %al
        out %al, $0x43
        mov $0xff, %al
        out %al, $0x42
        out %al, $0x42
        in $0x61, %al
        test $0x20, %al
        jnz 4f
3:      in $0x61, %al
        test $0x20, %al
        jz 3b
        mov $'T', %al
        out %al, (%dx)
4:      mov $0xcf9, %dx
        mov $6, %al
        out %al, (%dx)
5:      hlt
        jmp 5b
cell:   .ascii "r   "

        .org 0xfff0
        .byte 0xe9                  /* jmp start */
        .word (start - . - 2) & 0xffff
        .org 0x10000
