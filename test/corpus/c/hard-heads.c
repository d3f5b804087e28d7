DEFINE_FREE(zz_case_free, struct sk_buff *, if (_T) kfree_skb(_T))
static int after_define_free(struct sk_buff *skb) // DEF after_define_free
{ return 0; }

ZZ_EXPORT_WITHOUT_SEMICOLON(zz_case_other)
int
after_export(struct sk_buff *skb) // DEF after_export
{ return 1; }

static void macros_as_parameters(ZZ_ARG(struct sk_buff *, skb), ZZ_UNUSED(int x), int (*cb)(struct sk_buff *)) // DEF macros_as_parameters
{ }

SYSCALL_DEFINE3(zz_case_call, int, fd, // USE SYSCALL_DEFINE3
		struct msghdr __user *, msg,
		unsigned int, flags)
{ return 0; }

_Pragma("GCC diagnostic push")
ZZ_PRAGMA(no_instrument)
noinline __weak struct sk_buff *(name_in_parentheses)(struct sk_buff *skb) __must_hold(&skb) // DEF name_in_parentheses
{ return skb; }

static struct sk_buff *(  spaced  )(struct sk_buff *skb) // DEF spaced
{
	return skb;
}

#define WITH_ARGUMENTS(a, \
		b) \
	int a##b;
#ifdef CONFIG_ZZ
int after_continued(void) // DEF after_continued
{
}
#endif
