/* An exit, but no init. */
#include <linux/module.h>

static void __exit noinit_exit(void)
{
}

module_exit(noinit_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
