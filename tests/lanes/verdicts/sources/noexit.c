/* An init, but no exit: it stays until it is forced out. */
#include <linux/module.h>

static int __init noexit_init(void)
{
	return 0;
}

module_init(noexit_init);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
