/*
 * A pattern is random_pct per cent of xorshift64 output, the rest zero, keyed by (seed, area, index, version): a page
 * that is old, from another place or from another guest does not pass for the right one.
 */
#include "guest.h"

#define WORDS (PAGE / 8)

static uint64_t mix(uint64_t x) /* the finalizer of splitmix64 */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t key(enum area area, uint64_t index, uint64_t version)
{
	uint64_t x = mix(options.seed + 0x9e3779b97f4a7c15 * (area + 1));
	x = mix(mix(x ^ index) + version);
	return x ? x : 1; /* zero is xorshift's fixed point */
}

static uint64_t xorshift(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

/* A disk block is never all zero: it could not be told from one that was never written. */
static unsigned random_words(enum area area)
{
	unsigned words = WORDS * options.random_pct / 100;
	return area == DISK && !words ? 1 : words;
}

void pattern_write(uint64_t *page, enum area area, uint64_t index, uint64_t version)
{
	uint64_t x = key(area, index, version);
	unsigned i = 0;
	for (unsigned n = random_words(area); i < n; i++)
		page[i] = x = xorshift(x);
	for (; i < WORDS; i++)
		page[i] = 0;
}

bool pattern_check(const uint64_t *page, enum area area, uint64_t index, uint64_t version, struct mismatch *m)
{
	uint64_t x = key(area, index, version), wrong = 0;
	unsigned n = random_words(area), i = 0;
	for (; i < n; i++)
		wrong |= page[i] ^ (x = xorshift(x));
	for (; i < WORDS; i++)
		wrong |= page[i];
	if (!wrong)
		return true;
	/* The fast loops have no early end; the first difference is looked for only now. */
	x = key(area, index, version);
	for (i = 0; i < WORDS; i++) {
		uint64_t expected = i < n ? x = xorshift(x) : 0;
		if (page[i] != expected) {
			*m = (struct mismatch){.offset = i * 8, .expected = expected, .found = page[i]};
			break;
		}
	}
	return false;
}

bool due(struct pace *pace, uint64_t time)
{
	uint64_t late = time - pace->next, most = us_to_ticks(250000);
	if (!pace->every || (int64_t)late < 0)
		return false;
	if (late > most)
		pace->next = time - most;
	pace->next += pace->every;
	return true;
}
