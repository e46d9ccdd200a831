/** Whether this browser can run a model at all; asked before anything is downloaded. */

export interface Missing {
  /** What is missing, in a few words. */
  readonly what: string;
  /** What it means. */
  readonly meaning: string;
  /** What to do about it, most likely first. */
  readonly remedies: readonly string[];
}

const browsers =
  'Use a browser with WebGPU: Chrome, Edge or another Chromium from version 113 (Android: 121), Safari from version 26, Firefox from version 141 on Windows.';
const linux =
  'On Linux, Chromium may need chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan switched on.';

/** What stands in the way of WebGPU, or undefined if nothing does. */
export async function findMissing(): Promise<Missing | undefined> {
  if (!isSecureContext) {
    return {
      what: 'a secure context',
      meaning: `Browsers offer WebGPU only to pages from https:// or from localhost. This page came from ${location.origin}.`,
      remedies: [
        'Open this page through https://, or on the machine that serves it as http://localhost.',
        'To reach another machine, forward its port: ssh -L 4173:localhost:4173 that-machine.',
      ],
    };
  }
  if (!navigator.gpu) {
    return {
      what: 'navigator.gpu',
      meaning: 'This browser has no WebGPU, or it is switched off.',
      remedies: [browsers, linux],
    };
  }
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) {
    return {
      what: 'a GPU adapter',
      meaning:
        'This browser has WebGPU, but it offers no graphics adapter for it (requestAdapter() gave none).',
      remedies: [
        'Switch on hardware acceleration (“Use graphics acceleration when available”) in the browser’s settings, and restart it.',
        'Update the graphics driver. chrome://gpu says why an adapter is blocked.',
        linux,
      ],
    };
  }
  return undefined;
}
