/* Functions after which the next one must still be found. */
static void emptied(void) // DEF emptied
{ /* empty */ }

static void after_emptied(void) // DEF after_emptied
{
	int a;
}

static int ends_indented(int a) // DEF ends_indented
{
	if (a)
		return 1;
	return 0;
	}

static int after_indented(int a) // DEF after_indented
{
	return a;
}

static int ends_with_call(int a) // DEF ends_with_call
{
	done(); }

static int after_call(int a) // DEF after_call
{
	return a;
}

static typeof(after_call)(*finds(unsigned int type)) // DEF finds
{
	return 0;
}

static __typeof__(int) of_a_type(struct sk_buff *skb) // DEF of_a_type
{
	return 0;
}

SOME HEAD + THAT - NOBODY(knows) < [
{
	return;
}

static int after_unknown(int a) // DEF after_unknown
{ /* a comment that
     goes on */
	return a;
}

static int last(int a) { return a; } // DEF last
