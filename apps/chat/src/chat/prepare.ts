/** A model into this browser: pulled, unless it is there. Loading tells its own progress through `install`. */
import { installedModels, pull } from '../ollama.ts';

/** What is being done before a model can answer; bytes where there is something to count. */
export interface Progress {
  readonly step: 'download' | 'verify' | 'compile' | 'upload';
  readonly completed?: number;
  readonly total?: number;
}

/** Pulls the model unless it is installed already: then the network is not asked at all. */
export async function fetchModel(
  model: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  if ((await installedModels()).some(installed => installed.name === model)) return;
  onProgress({ step: 'download' });
  for await (const { status, total, completed = 0 } of pull(model, signal)) {
    if (status.startsWith('verifying')) onProgress({ step: 'verify' });
    else if (total !== undefined) onProgress({ step: 'download', completed, total });
  }
}
