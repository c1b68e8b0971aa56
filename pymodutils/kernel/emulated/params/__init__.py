"""Module parameters, as kernel/params.c handles them.

    table       the parameters that a linked module declares
    parse       the words given with the module, each into its parameter
    show, store what reading and writing a file of /sys/module/NAME/parameters does

The values lie where the module has its variables: in its memory.
"""

from pymodutils.kernel.emulated.params.memory import ParamMemory
from pymodutils.kernel.emulated.params.parse import ParamContext, parse
from pymodutils.kernel.emulated.params.sysfs import show, store
from pymodutils.kernel.emulated.params.table import Param, table

__all__ = ["Param", "ParamContext", "ParamMemory", "parse", "show", "store", "table"]
