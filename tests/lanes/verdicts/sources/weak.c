/* Needs nothing of what it would like to have. */
#include <linux/module.h>

extern int ex_plain(void) __attribute__((weak));
extern int ex_gplonly(void) __attribute__((weak));
extern int ex_nowhere(void) __attribute__((weak));

int __used weak_code(void)
{
	return (ex_plain ? ex_plain() : 0) + (ex_gplonly ? ex_gplonly() : 0) + (ex_nowhere ? ex_nowhere() : 0);
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
