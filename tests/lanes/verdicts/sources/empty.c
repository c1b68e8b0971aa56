/* Neither init nor exit. */
#include <linux/module.h>

int __used empty_code(void)
{
	return 0;
}

MODULE_LICENSE("GPL v2");
MODULE_INFO(intree, "Y");
