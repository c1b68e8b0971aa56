/* One source, three ways: for 2.4 (-DOLD), for 2.6 (-DNEW), and as a shared object. */
#define INFO(name, text) static const char name[] __attribute__((section(".modinfo"), used, aligned(1))) = text

extern int printk(const char *, ...);

static int answer = 42;
static int asked[1000];

#if defined(OLD) || defined(NEW)
#define START init_module
#define STOP cleanup_module
#else
#define START _init
#define STOP _fini
#endif

int START(void)
{
	printk("hello: the answer is %d\n", answer);
	return 0;
}

void STOP(void)
{
	asked[0] = answer;
}

#ifdef OLD
INFO(version, "kernel_version=2.4.32");
INFO(parm, "parm_answer=i");
INFO(licence, "license=GPL");
#endif

#ifdef NEW
INFO(licence, "license=GPL");
INFO(name, "name=hello");
INFO(magic, "vermagic=6.1.0 SMP mod_unload ");
struct module {
	void *before[3];
	char name[sizeof(void *) == 8 ? 56 : 60];
	void *between[54];
	int (*init)(void);
	void *after[20];
	void (*exit)(void);
};
struct module __this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "hello", .init = init_module, .exit = cleanup_module,
};
#endif
