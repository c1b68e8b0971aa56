"""The talk "Modules in 2.6: Breaking The Kernel, and What I Learned": one module, loaded in three ways."""
