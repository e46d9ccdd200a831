/**
 * A WebGPU device in Node for tests: Dawn (npm `webgpu`) on a software Vulkan driver. VK_ICD_FILENAMES chooses the driver; without
 * it lavapipe is taken where Mesa is installed, else the SwiftShader that comes with Chromium.
 */
import { existsSync, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { create, globals } from 'webgpu';

function findDriver(): string {
  const candidates = [
    '/usr/share/vulkan/icd.d/lvp_icd.json',
    '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
    '/usr/lib/chromium/vk_swiftshader_icd.json',
    '/opt/google/chrome/vk_swiftshader_icd.json',
    ...globSync(`${homedir()}/.cache/ms-playwright/chromium*/*/vk_swiftshader_icd.json`),
  ];
  const found = candidates.find(path => existsSync(path));
  if (!found) throw new Error('no software Vulkan driver: install Chromium, or Debian’s mesa-vulkan-drivers');
  return found;
}

process.env.VK_ICD_FILENAMES ??= findDriver();
process.env.XDG_RUNTIME_DIR ??= '/tmp';
Object.assign(globalThis, globals);
/** Dawn's entry; kept alive for as long as the tests run. */
export const gpu: GPU = create([]);
