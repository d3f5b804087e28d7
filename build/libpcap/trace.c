/*
 * What the scanner and the parser did, so that an error can be shown where it is: libpcap's messages have no
 * position. The calls that would print bison's debugging output are recorded instead.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <trace.h>

#define EXPORT(name) __attribute__((export_name(#name)))

/* A symbol of the grammar that the parser put on its stack, in postfix order: children come first. */
struct step {
	const char *symbol;
	uint32_t start; /* of a token; bytes */
	uint32_t end;
	int32_t children; /* -1: a token */
};

extern int pcap_debug;

static struct step *steps;
static uint32_t step_count, step_capacity;
/* The text that the scanner looked at last: a token, or white space before the end. */
static uint32_t scanned_start, scanned_end;
/* Symbols of the rule whose action runs, or -1. */
static int32_t reducing = -1;
/* What the parser says next of a symbol. */
static enum { NOTHING, SHIFTED, REDUCED } said;

void
kpt_scanned(unsigned length)
{
	scanned_start = scanned_end;
	scanned_end += length;
}

static void
record(const char *symbol, int32_t children)
{
	if (step_count == step_capacity) {
		step_capacity = step_capacity > 0 ? 2 * step_capacity : 256;
		steps = realloc(steps, step_capacity * sizeof *steps);
		if (steps == NULL)
			__builtin_trap();
	}
	steps[step_count++] = (struct step){ symbol, scanned_start, scanned_end, children };
}

/* Takes the formats of the parser that bison 3.8 generates (yy_symbol_print, yy_reduce_print). */
int
kpt_trace(FILE *stream, const char *format, ...)
{
	va_list arguments;

	(void)stream;
	va_start(arguments, format);
	if (strcmp(format, "%s ") == 0) {
		const char *title = va_arg(arguments, const char *);

		said = strcmp(title, "Shifting") == 0 ? SHIFTED : strcmp(title, "-> $$ =") == 0 ? REDUCED : NOTHING;
	} else if (strcmp(format, "%s %s (") == 0) {
		va_arg(arguments, const char *); /* token or nterm */
		if (said == SHIFTED)
			record(va_arg(arguments, const char *), -1);
		if (said == REDUCED) {
			record(va_arg(arguments, const char *), reducing);
			reducing = -1;
		}
		said = NOTHING;
	} else if (strncmp(format, "Reducing", 8) == 0) {
		reducing = 0;
	} else if (strncmp(format, "   $%d", 6) == 0) {
		reducing++;
	}
	va_end(arguments);
	return 0;
}

/* To be called before compile(). */
EXPORT(trace) void
kpt_enable_trace(void)
{
	pcap_debug = 1;
}

EXPORT(step_count) uint32_t
kpt_step_count(void)
{
	return step_count;
}

EXPORT(steps) const struct step *
kpt_steps(void)
{
	return steps;
}

EXPORT(reducing) int32_t
kpt_reducing(void)
{
	return reducing;
}

EXPORT(scanned_start) uint32_t
kpt_scanned_start(void)
{
	return scanned_start;
}

EXPORT(scanned_end) uint32_t
kpt_scanned_end(void)
{
	return scanned_end;
}
