/*
 * libpcap jumps only to give up: every setjmp of its compiler is followed by "return an error". So nothing
 * has to come back: setjmp is 0 once, and longjmp leaves the module by throwing in the host, which reads the
 * error text and drops the instance.
 */
#ifndef KPT_SETJMP_H
#define KPT_SETJMP_H

typedef int jmp_buf[1];

#define setjmp(environment) 0
#define longjmp(environment, value) kpt_give_up()

__attribute__((import_module("env"), import_name("give_up"), noreturn)) void kpt_give_up(void);

#endif
