################################################################################
#
# socktrace
#
################################################################################

SOCKTRACE_VERSION = 0.1.0
SOCKTRACE_SITE = $(BR2_EXTERNAL_SOCKTRACE_PATH)/../..
SOCKTRACE_SITE_METHOD = local
SOCKTRACE_LICENSE = GPL-2.0
SOCKTRACE_LICENSE_FILES = LICENSES/GPL-2.0

define SOCKTRACE_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_KPROBES)
endef

define SOCKTRACE_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) -C $(@D) reader
endef

define SOCKTRACE_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/build/reader/socktrace-read \
		$(TARGET_DIR)/usr/bin/socktrace-read
endef

$(eval $(kernel-module))
$(eval $(generic-package))
