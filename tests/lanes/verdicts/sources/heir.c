/* GPL, but uses a proprietary module. */
#include <linux/module.h>

extern int secret_export(void);

int heir_export(void)
{
	return secret_export();
}
EXPORT_SYMBOL(heir_export);

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
