/* Uses exports that everybody may use. */
#include <linux/module.h>

extern int ex_plain(void);

int __used plainuser_code(void)
{
	return ex_plain();
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
