/*
 * Included before the generated scanner and parser: their own debugging macros tell where in the text they
 * are (../trace.c), and libpcap's sources stay as they are.
 */
#ifndef KPT_TRACE_H
#define KPT_TRACE_H

#include <stdio.h>

#define YY_USER_ACTION kpt_scanned((unsigned)yyleng);
#define YYDEBUG 1
#define YYFPRINTF kpt_trace

void kpt_scanned(unsigned length);
int kpt_trace(FILE *stream, const char *format, ...);

#endif
