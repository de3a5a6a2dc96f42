/* The serial port, and the few functions of a C library that gcc takes for granted. */
#include "guest.h"

void *memset(void *to, int value, size_t n)
{
	void *at = to;
	asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;
	asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	for (const uint8_t *x = a, *y = b; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

/* A byte is an exit of 28 us, a line several ms: each byte counts as a sign of life, else lines would look like gaps. */
static void put(char c)
{
	out8(0x3f8, c);
	stamp(0);
}

static void put_number(uint64_t value, unsigned base, unsigned width)
{
	char digits[20];
	unsigned n = 0;
	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value || n < width);
	while (n)
		put(digits[--n]);
}

static void print_list(const char *f, va_list args)
{
	for (; *f; f++) {
		if (*f != '%') {
			put(*f);
			continue;
		}
		switch (*++f) {
		case 's':
			for (const char *s = va_arg(args, const char *); *s; s++)
				put(*s);
			break;
		case 'l': /* %lu */
			f++;
			put_number(va_arg(args, uint64_t), 10, 1);
			break;
		default: /* %016lx */
			f += 4;
			put_number(va_arg(args, uint64_t), 16, 16);
		}
	}
}

void print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_list(format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print("panic: ");
	print_list(format, args);
	put('\n');
	power_off();
}

void power_off(void)
{
	for (;;) {
		out8(0x64, 0xfe); /* the keyboard controller's reset line */
		idle(irqs);	  /* where nobody listens at it */
	}
}
