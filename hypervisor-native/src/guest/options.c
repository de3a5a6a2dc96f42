/* The command line: key=value words, numbers decimal, unknown keys left alone (Linux has some of them too). */
#include "guest.h"

struct options options = {
	.ws_mib = 1,
	.rate_mibs = 1,
	.seed = 1,
	.random_pct = 50,
	.disk_read = 1,
	.disk_ws_mib = 4,
	.hb_ms = 1000,
	.check_s = 10,
};

static const struct key {
	const char *name;
	uint64_t *value, min, max;
} keys[] = {
	{"fill_mib", &options.fill_mib, 0, 3072},
	{"ws_mib", &options.ws_mib, 0, 3072},
	{"rate_mibs", &options.rate_mibs, 0, 100000},
	{"seed", &options.seed, 0, UINT64_MAX},
	{"random_pct", &options.random_pct, 0, 100},
	{"disk_read", &options.disk_read, 0, 1},
	{"disk_kibs", &options.disk_kibs, 0, 1000000},
	{"disk_ws_mib", &options.disk_ws_mib, 1, 65536},
	{"hb_ms", &options.hb_ms, 20, 3600000},
	{"tick_us", &options.tick_us, 100, 4000000},
	{"run_s", &options.run_s, 0, 1000000000},
	{"attack_steps", &options.attack_steps, 0, UINT64_MAX},
	{"check_s", &options.check_s, 1, 1000000},
	{"tsc_khz", &options.tsc_khz, 100000, 100000000},
};

/* The text after `prefix`, or NULL when the word does not start with it. */
static const char *after(const char *word, const char *prefix)
{
	while (*prefix)
		if (*word++ != *prefix++)
			return NULL;
	return word;
}

static bool in_word(char c) { return c && c != ' ' && c != '\t' && c != '\n'; }

static const char *skip_word(const char *s)
{
	while (in_word(*s))
		s++;
	while (*s && !in_word(*s))
		s++;
	return s;
}

/* A decimal number that ends the word. */
static bool number(const char *s, uint64_t *value)
{
	if (!in_word(*s))
		return false;
	for (*value = 0; in_word(*s); s++)
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, *s - '0', value))
			return false;
	return true;
}

void options_parse(const char *line)
{
	while (*line && !in_word(*line))
		line++;
	for (const char *s; *line; line = skip_word(line)) {
		for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
			const struct key *k = &keys[i];
			if (!(s = after(line, k->name)) || *s != '=')
				continue;
			if (!number(s + 1, k->value) || *k->value < k->min || *k->value > k->max)
				panic("%s: a decimal number from %lu to %lu is needed", k->name, k->min, k->max);
		}
	}
	if (options.attack_steps && (options.disk_read || options.disk_kibs))
		panic("attack_steps: disk_read=0 and disk_kibs=0 are needed, a device that is attacked serves nothing else");
	if (!options.tick_us) /* a wake-up costs 150 us under such a KVM: with nothing to write they should be few */
		options.tick_us = options.rate_mibs || options.disk_kibs ? 5000 : 100000;
	if (!options.tsc_khz)
		panic("tsc_khz is missing from the command line: the VMM must append it");
	tsc_khz = options.tsc_khz;
}

static uint64_t digits(const char **s, int base)
{
	uint64_t value = 0;
	for (;; ++*s) {
		char c = **s;
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : base;
		if (d >= base)
			return value;
		value = value * base + d;
	}
}

/* The next virtio_mmio.device=SIZE@0xBASE:GSI, in Linux's syntax; moves `line` behind it. */
bool next_device(const char **line, struct device *device)
{
	for (; **line; *line = skip_word(*line)) {
		const char *s = after(*line, "virtio_mmio.device=");
		if (!s)
			continue;
		*line = skip_word(*line);
		while (in_word(*s) && *s != '@')
			s++;
		if (!(s = after(s, "@0x")))
			panic("virtio_mmio.device: SIZE@0xBASE:GSI is needed");
		device->base = digits(&s, 16);
		if (*s++ != ':')
			panic("virtio_mmio.device: SIZE@0xBASE:GSI is needed");
		device->gsi = digits(&s, 10);
		if (device->base >= 1UL << 32 || device->base % 4 || device->gsi > 23)
			panic("virtio_mmio.device: base %016lx or GSI %lu is out of range", device->base, (uint64_t)device->gsi);
		return true;
	}
	return false;
}
