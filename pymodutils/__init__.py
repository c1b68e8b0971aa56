"""The Linux module tools as one package, over a typed core that kernels can be exchanged under."""

__version__ = "0.1.0"
