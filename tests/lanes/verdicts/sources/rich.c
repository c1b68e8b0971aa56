/* What the loader treats specially: jump labels, dynamic debug, data that is constant after init. */
#include <linux/cache.h>
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static DEFINE_STATIC_KEY_FALSE(rich_key);
static int rich_after_init __ro_after_init = 1;

long __used rich_code(const char __user *from)
{
	char byte;

	if (static_branch_unlikely(&rich_key))
		pr_debug("rich %d\n", rich_after_init);
	return get_user(byte, from);
}

static int __init rich_init(void)
{
	rich_after_init = 2;
	return 0;
}

static void __exit rich_exit(void)
{
}

module_init(rich_init);
module_exit(rich_exit);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_INFO(intree, "Y");
