/* Uses what both "exporter" and "user" do, so exporter gets a second user. */
#include <linux/module.h>

extern int ex_other(void);
extern int ex_data;

int __used user2_code(void)
{
	return ex_other() + ex_data;
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
