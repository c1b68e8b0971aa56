/* Holds itself for as long as it is told to. */
#include <linux/module.h>
#include <linux/moduleparam.h>

static int held_use(const char *value, const struct kernel_param *param)
{
	if (value && value[0] == '+')
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
	return 0;
}

static const struct kernel_param_ops held_ops = {
	.set = held_use,
};
module_param_cb(use, &held_ops, NULL, 0200);

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
