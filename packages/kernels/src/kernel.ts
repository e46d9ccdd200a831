/** A kernel is WGSL put together from parts and compiled once for every set of its constants. */
import type { QuantType } from '@tabllama/quants';
import { DeviceError } from './device.ts';
import attentionDecode from './wgsl/attention-decode.wgsl?raw';
import attentionRows from './wgsl/attention-rows.wgsl?raw';
import attentionTexts from './wgsl/attention-texts.wgsl?raw';
import bestCandidates from './wgsl/best-candidates.wgsl?raw';
import cacheF16 from './wgsl/cache-f16.wgsl?raw';
import cacheF32 from './wgsl/cache-f32.wgsl?raw';
import candidates from './wgsl/candidates.wgsl?raw';
import digitsSigned from './wgsl/digits-signed.wgsl?raw';
import digitsUnsigned from './wgsl/digits-unsigned.wgsl?raw';
import embed from './wgsl/embed.wgsl?raw';
import embedRows from './wgsl/embed-rows.wgsl?raw';
import finishGlu from './wgsl/finish-glu.wgsl?raw';
import finishResidual from './wgsl/finish-residual.wgsl?raw';
import finishStore from './wgsl/finish-store.wgsl?raw';
import geluRows from './wgsl/gelu-rows.wgsl?raw';
import gluRows from './wgsl/glu-rows.wgsl?raw';
import lastRow from './wgsl/last-row.wgsl?raw';
import layerNormRows from './wgsl/layer-norm-rows.wgsl?raw';
import matmul from './wgsl/matmul.wgsl?raw';
import matvecLanes from './wgsl/matvec-lanes.wgsl?raw';
import matvecSplit from './wgsl/matvec-split.wgsl?raw';
import normRows from './wgsl/norm-rows.wgsl?raw';
import normScale from './wgsl/norm-scale.wgsl?raw';
import poolTexts from './wgsl/pool-texts.wgsl?raw';
import ropeRows from './wgsl/rope-rows.wgsl?raw';
import ropeTexts from './wgsl/rope-texts.wgsl?raw';
import rotateHead from './wgsl/rotate-head.wgsl?raw';
import sample from './wgsl/sample.wgsl?raw';
import weightsFloat from './wgsl/weights-float.wgsl?raw';
import weightsInteger from './wgsl/weights-integer.wgsl?raw';

/** Kernels that read weights get those parts in front; the others stand alone. */
export const kernels = {
  'attention-decode-f16': [cacheF16, attentionDecode],
  'attention-decode-f32': [cacheF32, attentionDecode],
  'attention-rows-f16': [cacheF16, attentionRows],
  'attention-rows-f32': [cacheF32, attentionRows],
  'attention-texts': [attentionTexts],
  'best-candidates': [candidates, bestCandidates],
  embed: [embed],
  'embed-rows': [embedRows],
  'gelu-rows': [geluRows],
  'glu-rows': [gluRows],
  'last-row': [lastRow],
  'layer-norm-rows': [layerNormRows],
  matmul: [matmul],
  'matvec-glu-lanes': [matvecLanes, normScale, finishGlu],
  'matvec-glu-split': [matvecSplit, normScale, finishGlu],
  'matvec-residual-lanes': [matvecLanes, finishResidual],
  'matvec-residual-split': [matvecSplit, finishResidual],
  'matvec-store-lanes': [matvecLanes, normScale, finishStore],
  'matvec-store-split': [matvecSplit, normScale, finishStore],
  'norm-rows': [normRows],
  'pool-texts': [poolTexts],
  'rope-rows-f16': [rotateHead, cacheF16, ropeRows],
  'rope-rows-f32': [rotateHead, cacheF32, ropeRows],
  'rope-texts': [rotateHead, ropeTexts],
  sample: [candidates, sample],
} as const satisfies Record<string, readonly string[]>;

export type KernelName = keyof typeof kernels;
export type Constants = Readonly<Record<string, number>>;

/** How kernels compute with the weights of a kind of type. */
const arithmetic = {
  signed: [digitsSigned, weightsInteger],
  unsigned: [digitsUnsigned, weightsInteger],
  float: [weightsFloat],
} as const satisfies Record<QuantType['kind'], readonly string[]>;

/** The whole text of a kernel. Weights are bound as `w0`, `w1`, …, one binding for each plane of the type. */
function kernelCode(name: KernelName, type?: QuantType): string {
  if (!type) return kernels[name].join('\n');
  const planes = type.planes.map(
    ({ element }, i) => `@group(0) @binding(${i}) var<storage, read> w${i}: array<${element}>;`,
  );
  return [...planes, type.wgsl, ...arithmetic[type.kind], ...kernels[name]].join('\n');
}

export type PipelineCache = (
  name: KernelName,
  constants: Constants,
  type?: QuantType,
) => Promise<GPUComputePipeline>;

/** Pipelines of a device; the same kernel, type and constants are compiled once. Rejects with DeviceError that has the line. */
export function createPipelineCache(gpu: GPUDevice): PipelineCache {
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const modules = new Map<string, GPUShaderModule>();
  return (name, constants, type) => {
    const kernel = `${name} ${type?.name ?? ''}`;
    const key = `${kernel} ${JSON.stringify(constants)}`;
    let pipeline = pipelines.get(key);
    if (!pipeline) {
      const module =
        modules.get(kernel) ?? gpu.createShaderModule({ label: kernel, code: kernelCode(name, type) });
      modules.set(kernel, module);
      pipeline = gpu
        .createComputePipelineAsync({ label: kernel, layout: 'auto', compute: { module, constants } })
        .catch(async cause => {
          const { messages } = await module.getCompilationInfo();
          const first = messages.find(message => message.type === 'error');
          const where = first ? `line ${first.lineNum}: ${first.message}` : String(cause);
          throw new DeviceError('bad-kernel', `kernel ${kernel} does not compile here: ${where}`, { cause });
        });
      pipelines.set(key, pipeline);
    }
    return pipeline;
  };
}
