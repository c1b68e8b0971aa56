/* Uses exports of a namespace that it imports. */
#include <linux/module.h>

#include "namespaces.h"

extern int ex_space(void);
extern int ex_spacegpl(void);

int __used spaced_code(void)
{
	return ex_space() + ex_spacegpl();
}

MODULE_IMPORT_NS(OTHERS);
MODULE_IMPORT_NS(VERDICTS);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
