/*
 * snprintf and sscanf for the conversions in libpcap's error texts and in `portrange`. wasi-libc's own would
 * bring streams and with them system calls, of which this module must have none.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct output {
	char *text;
	size_t size;
	size_t length; /* what an unlimited buffer would hold */
};

static void
put(struct output *output, char byte)
{
	if (output->length + 1 < output->size)
		output->text[output->length] = byte;
	output->length++;
}

static void
put_text(struct output *output, const char *text)
{
	while (*text != '\0')
		put(output, *text++);
}

static void
put_number(struct output *output, uint32_t value, uint32_t base, int width, char fill)
{
	char digits[16];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value > 0);
	for (int i = count; i < width; i++)
		put(output, fill);
	while (count > 0)
		put(output, digits[--count]);
}

/* Conversions d u x s %, with width, zero fill and l (a long has 32 bits here); traps on any other. */
int
vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
	struct output output = { text, size, 0 };

	for (; *format != '\0'; format++) {
		char fill = ' ';
		int width = 0;
		int32_t number;

		if (*format != '%') {
			put(&output, *format);
			continue;
		}
		if (*++format == '0') {
			fill = '0';
			format++;
		}
		while (*format >= '0' && *format <= '9')
			width = 10 * width + (*format++ - '0');
		if (*format == 'l')
			format++;
		switch (*format) {
		case 'd':
			number = va_arg(arguments, int32_t);
			if (number < 0)
				put(&output, '-');
			put_number(&output, number < 0 ? 0u - (uint32_t)number : (uint32_t)number, 10, width, fill);
			break;
		case 'u':
			put_number(&output, va_arg(arguments, uint32_t), 10, width, fill);
			break;
		case 'x':
			put_number(&output, va_arg(arguments, uint32_t), 16, width, fill);
			break;
		case 's':
			put_text(&output, va_arg(arguments, const char *));
			break;
		case '%':
			put(&output, '%');
			break;
		default:
			__builtin_trap();
		}
	}
	if (size > 0)
		text[output.length < size ? output.length : size - 1] = '\0';
	return (int)output.length;
}

int
snprintf(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return length;
}

/* Formats of %d and single literal characters, as libpcap has them. Like glibc's: wraps to 32 bits. */
int
sscanf(const char *text, const char *format, ...)
{
	va_list results;
	int count = 0;

	va_start(results, format);
	for (; *format != '\0'; format++) {
		int negative = 0;
		uint64_t value = 0;

		if (*format != '%') {
			if (*text++ != *format)
				break;
			continue;
		}
		format++; /* d */
		while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
			text++;
		if (*text == '-' || *text == '+')
			negative = *text++ == '-';
		if (*text < '0' || *text > '9')
			break;
		/* strtol saturates at LONG_MAX of 64 bits before it is cut to an int. */
		for (; *text >= '0' && *text <= '9'; text++)
			value = value > (INT64_MAX - 9) / 10 ? INT64_MAX : 10 * value + (uint64_t)(*text - '0');
		*va_arg(results, int *) = (int)(uint32_t)(negative ? 0 - value : value);
		count++;
	}
	va_end(results);
	return count;
}
