/* Uses a plain export, then a GPL-only one. */
#include <linux/module.h>

extern int ex_plain(void);
extern int ex_gplonly(void);

int __used user_code(void)
{
	return ex_plain() + ex_gplonly();
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
