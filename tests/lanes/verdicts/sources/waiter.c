/* Uses what "returns" exports. */
#include <linux/module.h>

extern int returns_export(void);

int __used waiter_code(void)
{
	return returns_export();
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
MODULE_INFO(depends_on, "returns");
