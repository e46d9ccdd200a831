/*
 * Puts Mesa's lavapipe where Chromium looks for SwiftShader, for tests and measurements: preloaded into Chromium it answers
 * Dawn's dlopen("libvk_swiftshader.so") with itself, forwards every Vulkan call to the ICD that LAVAPIPE_LIBRARY names, and lets
 * the device carry SwiftShader's ids, by which Chromium knows its software adapter. Struct layouts: the Vulkan specification's
 * VkPhysicalDeviceProperties and VkPhysicalDeviceProperties2, as far as they are touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*function)(void);
typedef function (*lookup)(void *instance, const char *name);
typedef void *(*opener)(const char *, int);

struct properties {
  uint32_t api_version, driver_version, vendor, device, type;
};
struct properties2 {
  int32_t type;
  void *next;
  struct properties properties;
};

static void (*real_properties)(void *, struct properties *);
static void (*real_properties2)(void *, struct properties2 *);

static void as_swiftshader(struct properties *p) {
  p->vendor = 0x1AE0;
  p->device = 0xC0DE;
}

static void properties(void *device, struct properties *out) {
  real_properties(device, out);
  as_swiftshader(out);
}

static void properties2(void *device, struct properties2 *out) {
  real_properties2(device, out);
  as_swiftshader(&out->properties);
}

function vkGetInstanceProcAddr(void *instance, const char *name) {
  static lookup real;
  if (!real) {
    void *library = dlopen(getenv("LAVAPIPE_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    if (!library) return NULL;
    real = (lookup)dlsym(library, "vk_icdGetInstanceProcAddr");
  }
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (function)vkGetInstanceProcAddr;
  function found = real(instance, name);
  if (!found) return NULL;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties")) {
    real_properties = (void (*)(void *, struct properties *))found;
    return (function)properties;
  }
  if (!strcmp(name, "vkGetPhysicalDeviceProperties2") || !strcmp(name, "vkGetPhysicalDeviceProperties2KHR")) {
    real_properties2 = (void (*)(void *, struct properties2 *))found;
    return (function)properties2;
  }
  return found;
}

static int ends_with(const char *text, const char *end) {
  size_t a = text ? strlen(text) : 0, b = strlen(end);
  return a >= b && !strcmp(text + a - b, end);
}

void *dlopen(const char *name, int flags) {
  opener next = (opener)dlsym(RTLD_NEXT, "dlopen");
  Dl_info caller = {0}, self = {0};
  /* ANGLE asks too, through the Vulkan loader: it keeps the real SwiftShader for drawing. */
  if (!ends_with(name, "/libvk_swiftshader.so") || !dladdr(__builtin_return_address(0), &caller) ||
      ends_with(caller.dli_fname, "/libvulkan.so.1") || !dladdr((void *)vkGetInstanceProcAddr, &self))
    return next(name, flags);
  return next(self.dli_fname, flags);
}
