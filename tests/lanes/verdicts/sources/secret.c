/* Proprietary, with an export. */
#include <linux/module.h>

int secret_export(void)
{
	return 1;
}
EXPORT_SYMBOL(secret_export);

MODULE_LICENSE("Proprietary");
MODULE_INFO(intree, "Y");
