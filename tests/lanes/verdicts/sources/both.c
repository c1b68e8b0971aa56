/* Uses a proprietary module's export and a GPL-only one: the order of its symbols decides. */
#include <linux/module.h>

extern int secret_export(void);
extern int ex_gplonly(void);

int __used both_code(void)
{
	return secret_export() + ex_gplonly();
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
