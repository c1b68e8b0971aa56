// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static int count = 1;
module_param(count, int, 0444);
MODULE_PARM_DESC(count, "How many times to say hello");

static void *buffer;

static int __init hello_init(void)
{
	int i;

	buffer = kmalloc(64, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		pr_info("hello\n");
	return 0;
}

static void __exit hello_exit(void)
{
	kfree(buffer);
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Says hello");
