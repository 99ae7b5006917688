include $(sort $(wildcard $(BR2_EXTERNAL_SOCKTRACE_PATH)/package/*/*.mk))
