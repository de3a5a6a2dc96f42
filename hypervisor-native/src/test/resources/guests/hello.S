/* Prints its command line and asks for a reset. */
.globl _start
_start:
        mov 0x228(%rsi), %esi       /* cmd_line_ptr of the boot parameters */
        mov $0x3f8, %edx
1:      lodsb
        test %al, %al
        jz 2f
        out %al, (%dx)
        jmp 1b
2:      mov $'\n', %al
        out %al, (%dx)
        mov $0xfe, %al
        out %al, $0x64
3:      hlt
        jmp 3b
