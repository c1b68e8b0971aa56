/* Compiled with -fcommon, and with a variable that shows it. */
#include <linux/module.h>

int common_variable;

int __used common_code(void)
{
	return common_variable;
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
