// SPDX-License-Identifier: GPL-2.0
/*
 * The module with what kbuild would add to it, for a build with the compiler alone:
 * kbuild's own programs need a newer C library than many machines have.
 */
#include <linux/build-salt.h>
#include <linux/vermagic.h>
#include "gpstorm.c"

BUILD_SALT;
MODULE_INFO(vermagic, VERMAGIC_STRING);
MODULE_INFO(name, KBUILD_MODNAME);
MODULE_INFO(depends, "");
#ifdef CONFIG_MITIGATION_RETPOLINE
MODULE_INFO(retpoline, "Y");
#endif

__visible struct module __this_module __section(".gnu.linkonce.this_module") = {
	.name = KBUILD_MODNAME,
	.init = init_module,
	.arch = MODULE_ARCH_INIT,
};
