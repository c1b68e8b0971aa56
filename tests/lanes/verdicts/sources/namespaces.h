/* The namespaces of the sources: words until 6.12, strings since. */
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define VERDICTS "VERDICTS"
#define OTHERS "OTHERS"
#endif
