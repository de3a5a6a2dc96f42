/* The interrupt controllers and the LAPIC timer, all programmed from user mode. */
#include "guest.h"

enum { TIMER_VECTOR = 0x40, DISK_VECTOR = 0x41, SPURIOUS_VECTOR = 0xff };

#define LAPIC 0xfee00000UL
#define LAPIC_SPURIOUS (LAPIC + 0xf0)
#define LAPIC_LVT_TIMER (LAPIC + 0x320)
#define LAPIC_TIMER_COUNT (LAPIC + 0x380)
#define LAPIC_TIMER_DIVIDE (LAPIC + 0x3e0)
#define IOAPIC_SELECT 0xfec00000UL
#define IOAPIC_WINDOW 0xfec00010UL

extern const uint64_t exceptions[32];
extern const char on_timer[], on_disk[], on_spurious[];
extern struct gate {
	uint16_t low, selector, flags, middle;
	uint32_t high, zero;
} idt[256];

uint64_t tsc_khz;

static void set_gate(unsigned vector, uint64_t handler)
{
	idt[vector] = (struct gate){
		.low = handler, .selector = 0x10, .flags = 0x8e00, .middle = handler >> 16, .high = handler >> 32};
}

void cpu_init(void)
{
	for (unsigned v = 0; v < 32; v++)
		set_gate(v, exceptions[v]);
	set_gate(TIMER_VECTOR, (uint64_t)on_timer);
	set_gate(DISK_VECTOR, (uint64_t)on_disk);
	set_gate(SPURIOUS_VECTOR, (uint64_t)on_spurious);
	mmio_write(LAPIC_SPURIOUS, 0x100 | SPURIOUS_VECTOR); /* it starts disabled */
	mmio_write(LAPIC_TIMER_DIVIDE, 0xb);		     /* by 1: KVM then counts nanoseconds */
	mmio_write(LAPIC_LVT_TIMER, TIMER_VECTOR);	     /* one shot */
}

/* Edge triggered, fixed, to APIC 0. */
void route_gsi_to_disk(unsigned gsi)
{
	mmio_write(IOAPIC_SELECT, 0x10 + 2 * gsi + 1);
	mmio_write(IOAPIC_WINDOW, 0);
	mmio_write(IOAPIC_SELECT, 0x10 + 2 * gsi);
	mmio_write(IOAPIC_WINDOW, DISK_VECTOR);
}

void timer_arm(uint64_t ticks)
{
	uint64_t ns = ticks * 1000000 / tsc_khz;
	mmio_write(LAPIC_TIMER_COUNT, ns ? ns : 1);
}
