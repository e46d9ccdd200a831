/** The one place that knows all rooms: a server over the store and the engine, on the GPU of this worker. */
import type { Engine } from '@tabllama/api';
import { createEngine, type Open } from '@tabllama/engine';
import { createGpuEmbedder, createGpuRunner, estimateMemory } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { createStore, withTokens } from '@tabllama/store';
import { asStatusError, createDeviceSource, describeDevice } from './device.ts';
import { createReadElsewhere } from './reader.ts';
import type { DeviceDescription, PageApi, StartOptions } from './wire/message.ts';

export interface Backend {
  fetch(request: Request): Promise<Response>;
  device(): Promise<DeviceDescription>;
}

/** What estimates go by before there is a device: the limits that every WebGPU device has, and the layout of a graphics card. */
const typicalDevice = {
  maxBindingBytes: 128 << 20,
  layout: { matvec: 'split', lanes: 64, tokenLanes: 32, tileTokens: 256, fewTokens: 4 },
} as const;

/** Everything behind the wire. Throws TypeError for a model whose name or URL is none, and for a registry that is no URL. */
export function compose({ models, base, registry, remoteHosts }: StartOptions, page: PageApi): Backend {
  const device = createDeviceSource(navigator.gpu);
  const onDevice =
    <T>(create: (...args: Parameters<typeof createGpuRunner>) => Promise<T>): Open<T> =>
    async (gguf, weights, { contextLength }, signal, onProgress) => {
      try {
        return await create(await device.open(), gguf, weights, { contextLength, signal, onProgress });
      } catch (error) {
        throw asStatusError(error);
      }
    };
  const findToken = (host: string) => page.findToken(host);
  const store = createStore({
    models,
    base,
    registry,
    findToken,
    persist: () => page.persist(),
    readChunk: createReadElsewhere(),
  });
  const engine = createEngine({
    openRunner: onDevice(createGpuRunner),
    openEmbedder: onDevice(createGpuEmbedder),
    estimate: (gguf, { contextLength }) =>
      estimateMemory(gguf, contextLength, device.current ?? typicalDevice),
    windowStep: 256, // llama.cpp's
    derived: store.derived,
  });
  const server = createServer({
    engines: [withProgress(engine, page)],
    store,
    remote: {
      hosts: remoteHosts,
      ask: origin => page.allowRemote(origin),
      fetch: withTokens((...request) => fetch(...request), findToken),
    },
  });
  return { fetch: server.fetch, device: () => describeDevice(device) };
}

/** The engine, whose loads are told to the page as well. */
function withProgress(engine: Engine, page: PageApi): Engine {
  return {
    ...engine,
    load: (model, options, signal) =>
      engine.load(model, options, signal, progress => page.onProgress({ model: model.name, ...progress })),
  };
}
