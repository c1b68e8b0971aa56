/* Exports of each kind. */
#include <linux/module.h>

#include "namespaces.h"

int ex_plain(void)
{
	return 1;
}
EXPORT_SYMBOL(ex_plain);

int ex_other(void)
{
	return 2;
}
EXPORT_SYMBOL(ex_other);

int ex_gplonly(void)
{
	return 3;
}
EXPORT_SYMBOL_GPL(ex_gplonly);

int ex_space(void)
{
	return 4;
}
EXPORT_SYMBOL_NS(ex_space, VERDICTS);

int ex_spacegpl(void)
{
	return 5;
}
EXPORT_SYMBOL_NS_GPL(ex_spacegpl, VERDICTS);

int ex_data = 6;
EXPORT_SYMBOL(ex_data);

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
