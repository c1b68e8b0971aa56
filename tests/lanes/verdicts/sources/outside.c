/* Built outside of the kernel's tree, and says so by not saying otherwise. */
#include <linux/module.h>

static int __init outside_init(void)
{
	return 0;
}

static void __exit outside_exit(void)
{
}

module_init(outside_init);
module_exit(outside_exit);
MODULE_LICENSE("Dual MIT/GPL");
